// Command wget stands in for busybox's in the shell image: Debian's busybox 1.35
// crashes on -T (its option parser writes to nowhere), and a probe that dumps core is
// no honest symptom. Flags and words are busybox's, as far as probes and people in a
// pod use them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"strings"
	"time"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "wget:", err)
		os.Exit(1)
	}
}

// options are busybox's, those without a use here among them.
type options struct {
	quiet, spider, showHeaders bool
	output, postData           string
	seconds                    int
	headers                    headerList
}

type headerList []string

func (h *headerList) String() string { return strings.Join(*h, ", ") }

func (h *headerList) Set(header string) error {
	*h = append(*h, header)
	return nil
}

func parse(args []string, stderr io.Writer) (options, string, error) {
	const forever = 900 // busybox's own
	var o options
	flags := flag.NewFlagSet("wget", flag.ContinueOnError)
	flags.SetOutput(stderr)
	for _, name := range []string{"q", "quiet"} {
		flags.BoolVar(&o.quiet, name, false, "say nothing but errors")
	}
	for _, name := range []string{"S", "server-response"} {
		flags.BoolVar(&o.showHeaders, name, false, "show the answer's headers")
	}
	for _, name := range []string{"T", "timeout"} {
		flags.IntVar(&o.seconds, name, forever, "seconds to wait")
	}
	for _, name := range []string{"O", "output-document"} {
		flags.StringVar(&o.output, name, "", "file to write, - for standard output")
	}
	flags.BoolVar(&o.spider, "spider", false, "only look whether it is there")
	flags.StringVar(&o.postData, "post-data", "", "body of a POST")
	flags.Var(&o.headers, "header", "a header to send; may be repeated")
	for _, name := range []string{"c", "no-check-certificate"} {
		flags.Bool(name, false, "taken and without effect")
	}
	if err := flags.Parse(split(args)); err != nil {
		return o, "", err
	}
	if flags.NArg() != 1 {
		return o, "", errors.New("want one URL")
	}
	url := flags.Arg(0)
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	return o, url, nil
}

// split takes joined short options apart, as -qO- stands for -q -O -.
func split(args []string) []string {
	var apart []string
	for _, arg := range args {
		for len(arg) > 2 && arg[0] == '-' && strings.ContainsRune("qSc", rune(arg[1])) && isShort(arg) {
			apart = append(apart, arg[:2])
			arg = "-" + arg[2:]
		}
		if len(arg) > 2 && (strings.HasPrefix(arg, "-O") || strings.HasPrefix(arg, "-T")) {
			apart = append(apart, arg[:2])
			arg = arg[2:]
		}
		apart = append(apart, arg)
	}
	return apart
}

func isShort(arg string) bool { return arg != "-quiet" && !strings.HasPrefix(arg, "--") }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, url, err := parse(args, stderr)
	if err != nil {
		return err
	}
	request, err := o.request(ctx, url)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: time.Duration(o.seconds) * time.Second}
	answer, err := client.Do(request)
	if err != nil {
		return explain(err, request.URL.Hostname())
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end, or of no use
	if o.showHeaders {
		fmt.Fprintf(stderr, "  %s %s\n", answer.Proto, answer.Status)
		for name, values := range answer.Header {
			fmt.Fprintf(stderr, "  %s: %s\n", name, strings.Join(values, ", "))
		}
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("server returned error: %s %s", answer.Proto, answer.Status)
	}
	if o.spider {
		return nil
	}
	return o.save(answer.Body, url, stdout, stderr)
}

func (o options) request(ctx context.Context, url string) (*http.Request, error) {
	method, body := http.MethodGet, io.Reader(nil)
	switch {
	case o.spider:
		method = http.MethodHead
	case o.postData != "":
		method, body = http.MethodPost, strings.NewReader(o.postData)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "Wget")
	if o.postData != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range o.headers {
		name, value, _ := strings.Cut(header, ":")
		if strings.EqualFold(name, "Host") {
			request.Host = strings.TrimSpace(value)
		}
		request.Header.Set(name, strings.TrimSpace(value))
	}
	return request, nil
}

func (o options) save(body io.Reader, url string, stdout, stderr io.Writer) error {
	to, name := stdout, o.output
	if name == "" {
		if name = path.Base(url); strings.HasSuffix(url, "/") || strings.Count(url, "/") < 3 {
			name = "index.html"
		}
	}
	if name != "-" {
		file, err := os.Create(name)
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // the copy below has failed if it matters
		to = file
	}
	if _, err := io.Copy(to, body); err != nil {
		return err
	}
	if !o.quiet {
		fmt.Fprintf(stderr, "saved %q\n", name)
	}
	return nil
}

// explain says a failure in busybox's words.
func explain(err error, host string) error {
	var dns *net.DNSError
	var timeout net.Error
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("bad address '%s'", host)
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("download timed out")
	case errors.As(err, &op) && op.Op == "dial":
		cause := errors.Unwrap(op)
		var call *os.SyscallError
		if errors.As(cause, &call) {
			cause = call.Err
		}
		return fmt.Errorf("can't connect to remote host (%s): %w", op.Addr, cause)
	}
	return err
}
