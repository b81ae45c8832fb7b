package cluster

import (
	"fmt"
	"strings"
)

// UsageError is a request that cannot be met as it was written.
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }

// ExitCode is the process's exit code for a usage error.
func (e *UsageError) ExitCode() int { return 2 }

// NotReadyError says that this machine cannot run a cluster as it is.
type NotReadyError struct {
	What string // what is wrong
	Cure string // what to do about it
	Err  error  // the cause, if one is known
}

func (e *NotReadyError) Error() string {
	text := e.What
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Cure != "" {
		text += "\n" + e.Cure
	}
	return text
}

func (e *NotReadyError) Unwrap() error { return e.Err }

// ExitCode is the process's exit code when the environment is not ready.
func (e *NotReadyError) ExitCode() int { return 4 }

// NotFoundError says that firedrill has made no cluster of that name.
type NotFoundError struct{ Name string }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("there is no firedrill cluster %q: run `firedrill up%s`", e.Name, nameFlag(e.Name))
}

// ExitCode is the process's exit code when the environment is not ready.
func (e *NotFoundError) ExitCode() int { return 4 }

// ForeignError says that a cluster of the wanted name is not firedrill's.
type ForeignError struct {
	Name string
	Why  string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("cluster %q was not made by this firedrill and is left alone (%s): choose another name with --name, or remove it with what made it", e.Name, e.Why)
}

// DiffersError says that an existing cluster of ours is not the one asked for.
type DiffersError struct {
	Name        string
	Differences []string
}

func (e *DiffersError) Error() string {
	return fmt.Sprintf("cluster %q is not the one asked for:\n  %s\nrun `firedrill down%[3]s` first, or `firedrill up%[3]s --recreate`; runs on it are lost",
		e.Name, strings.Join(e.Differences, "\n  "), nameFlag(e.Name))
}

// UnhealthyError says that a cluster in use does not answer as it should.
type UnhealthyError struct {
	Name string
	Why  string
}

func (e *UnhealthyError) Error() string {
	return fmt.Sprintf("cluster %q is not healthy and has runs under way: %s\nend the runs first (`firedrill end RUN`), or give them up with `firedrill up%s --recreate`", e.Name, e.Why, nameFlag(e.Name))
}

// LeftError says that what was made of a cluster could not be taken away again.
type LeftError struct {
	Name string
	Err  error
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("remove what was made of cluster %q (run `firedrill down%s` to try again): %v", e.Name, nameFlag(e.Name), e.Err)
}

func (e *LeftError) Unwrap() error { return e.Err }

// ExitError is a command in a node that ended with a code other than 0.
type ExitError struct {
	Node    string
	Command []string
	Code    int
	Output  string // combined output, when it was collected
}

func (e *ExitError) Error() string {
	text := fmt.Sprintf("%s on node %s: exit code %d", strings.Join(e.Command, " "), e.Node, e.Code)
	if out := strings.TrimSpace(e.Output); out != "" {
		text += ": " + out
	}
	return text
}

func nameFlag(name string) string {
	if name == DefaultName {
		return ""
	}
	return " --name " + name
}
