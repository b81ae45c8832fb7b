package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// choose asks a person for one of some texts. Where nobody can be asked, the flag is missing.
func (f *Factory) choose(ctx context.Context, flag, title string, known []string) (string, error) {
	var list strings.Builder
	for i, text := range known {
		fmt.Fprintf(&list, "  %d  %s\n", i+1, text)
	}
	return f.ask(ctx, flag, title+"\n"+list.String()+"number: ")
}

// ask asks a person for a line. Where nobody can be asked, the flag is missing. An interrupt
// ends it: the question stays unanswered, whatever is typed after.
func (f *Factory) ask(ctx context.Context, flag, question string) (string, error) {
	if !f.IO.InIsTerminal() {
		return "", usageErrorf("%s is missing: nobody can be asked, the input is no terminal", flag)
	}
	if err := write(f.IO.Err, "%s", question); err != nil {
		return "", err
	}
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := f.line()
		answers <- answer{line, err}
	}()
	var line string
	select {
	case <-ctx.Done():
		_ = write(f.IO.Err, "\n")
		return "", context.Cause(ctx)
	case given := <-answers:
		if given.err != nil {
			return "", fmt.Errorf("read the answer: %w", given.err)
		}
		line = given.line
	}
	if line = strings.TrimSpace(line); line == "" {
		return "", usageErrorf("%s: nothing was answered", flag)
	}
	return line, nil
}

// line reads one line of the input, kept apart from what was typed ahead.
func (f *Factory) line() (string, error) {
	if f.lines == nil {
		f.lines = bufio.NewReader(f.IO.In)
	}
	line, err := f.lines.ReadString('\n')
	if errors.Is(err, io.EOF) {
		return line, nil
	}
	return line, err
}
