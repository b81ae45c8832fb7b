package drillapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// Classes of a request's result.
const (
	ClassOK       = "ok"
	ClassDNS      = "dns"      // the host's name was not resolved
	ClassConnect  = "connect"  // no connection: refused, no route, or no answer to it in time
	ClassTimeout  = "timeout"  // connected, but no whole answer in time
	ClassReset    = "reset"    // the connection broke before the answer was whole
	Class5xx      = "5xx"      // the server's error
	Class4xx      = "4xx"      // the request was refused
	ClassBody     = "body"     // an answer, but not the expected one
	ClassOverload = "overload" // not sent: too many requests were under way already
)

// Classes lists every class of a request's result, the good one first.
func Classes() []string {
	return []string{
		ClassOK, ClassDNS, ClassConnect, ClassTimeout, ClassReset, Class5xx, Class4xx, ClassBody, ClassOverload,
	}
}

// send makes one request as a customer of its own and fills in how it went.
func (l *loop) send(ctx context.Context, client *http.Client, line *Line) {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	var conns atomic.Int32
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { conns.Add(1) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodGet, l.stream.URL, nil)
	if err != nil {
		line.Class, line.Error = ClassBody, short(err)
		return
	}
	req.Header.Set("User-Agent", "shop-client/1.0")
	req.Header.Set(SessionHeader, fmt.Sprintf("%s-%s-%d", line.Stream, line.Boot, line.Seq))
	code, body, err := fetch(client, req)
	line.Millis = math.Round(float64(time.Since(line.Sent).Microseconds())/100) / 10
	line.Code = code
	if err != nil {
		line.Class, line.Error = classOf(err, conns.Load() > 0), short(err)
		return
	}
	l.judge(line, body)
	if conns.Load() > 1 {
		line.Class, line.Error = ClassReset, "the kept connection was closed; net/http sent the request again, which no user's client is sure to do"
	}
}

// fetch returns the answer's status and body. net/http itself sends a request again
// when a kept connection turns out closed before a byte of the answer came, as every
// HTTP client may (RFC 9110, 9.2.2), and cannot be told not to: send counts that as a reset.
// There is no other retry.
func fetch(client *http.Client, req *http.Request) (code int, body []byte, err error) {
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	return resp.StatusCode, body, err
}

// clip keeps what a record needs of a text: a line of it is never too long to be read back.
func clip(text string) string {
	const most = 300
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

func (l *loop) judge(line *Line, body []byte) {
	var answer Answer
	if json.Unmarshal(body, &answer) == nil { // any other body is no answer of drillapp, but may be a good one
		line.Pod, line.Version, line.Error = clip(answer.Pod), clip(answer.Version), clip(answer.Error)
	}
	switch {
	case line.Code >= 500:
		line.Class = Class5xx
	case line.Code >= 400:
		line.Class = Class4xx
	case line.Code >= 300:
		line.Class, line.Error = ClassBody, "redirected"
	case !strings.Contains(string(body), l.stream.Expect):
		line.Class, line.Error = ClassBody, fmt.Sprintf("%q is not in the answer", l.stream.Expect)
	default:
		line.Class = ClassOK
	}
}

func classOf(err error, connected bool) string {
	var dns *net.DNSError
	var network net.Error
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return ClassDNS
	case !connected, errors.As(err, &op) && op.Op == "dial": // a kept connection broke, and no new one came about
		return ClassConnect
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return ClassTimeout
	}
	return ClassReset
}

// short keeps an error's text readable in a line.
func short(err error) string {
	const most = 160
	text := err.Error()
	if len(text) > most {
		text = text[:most] + "..."
	}
	return text
}
