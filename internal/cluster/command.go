package cluster

import (
	"errors"
	"fmt"
	"strings"
)

// commandError is a failed command of the engine's CLI.
type commandError struct {
	Args   []string
	Output string // what it printed to its standard error
	Err    error
}

func (e *commandError) Error() string {
	message := strings.TrimSpace(e.Output)
	if message == "" {
		return fmt.Sprintf("%s: %v", strings.Join(e.Args, " "), e.Err)
	}
	return fmt.Sprintf("%s: %s", strings.Join(e.Args[:min(2, len(e.Args))], " "), message)
}

func (e *commandError) Unwrap() error { return e.Err }

// isNotFound tells whether the engine said that a thing does not exist, in the
// words of docker ("No such container", "No such object", "No such network",
// "not found"), podman ("no such", "unable to find", "image not known") or
// nerdctl ("no such", "not found").
func isNotFound(err error) bool {
	var failed *commandError
	if !errors.As(err, &failed) {
		return false
	}
	output := strings.ToLower(failed.Output)
	for _, words := range []string{"no such", "not found", "unable to find", "not known"} {
		if strings.Contains(output, words) && !strings.Contains(output, "no such file or directory") {
			return true
		}
	}
	return false
}

// lastLines keeps the end of a long output, where the reason is.
func lastLines(output string, n int) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if len(lines) <= n {
		return strings.Join(lines, "\n")
	}
	return "...\n" + strings.Join(lines[len(lines)-n:], "\n")
}
