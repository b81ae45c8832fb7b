//go:build linux

// Command runc-bounded is runc for a sandbox that lacks some capabilities.
//
// A privileged container asks for every capability there is, so on a machine
// whose bounding set lacks one (CAP_SYS_RESOURCE, say) runc refuses to start
// it: "unable to apply caps: operation not permitted". This command stands in
// front of runc as an OCI runtime. It takes out of the specification what this
// process could not grant anyway (capabilities, limits above its own, a lowered
// OOM score) and then becomes runc. It runs at every container start and every
// `docker exec`, so it does nothing else and imports little.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "runc-bounded:", err)
		os.Exit(1)
	}
}

// run edits the specification that args name and replaces this process by
// runc; it returns only on failure.
func run(args []string) error {
	own, err := selfBounds()
	if err != nil {
		return err
	}
	if file, kind := specFile(args); kind != notSpec {
		if err := trimFile(file, kind, own); err != nil {
			return fmt.Errorf("trim %s: %w", file, err)
		}
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		return err
	}
	return syscall.Exec(runc, append([]string{runc}, args...), os.Environ())
}

// specKind says what a file that runc is about to read holds.
type specKind int

const (
	notSpec     specKind = iota
	bundleSpec           // a bundle's config.json, the process under a key of its own
	processSpec          // a process alone, as `runc exec --process` takes it
)

// specFile finds the file with the process that args ask runc to start. The
// engine's shim gives the options in long form, a person may use the short.
func specFile(args []string) (string, specKind) {
	switch verb, rest := subcommand(args); verb {
	case "create", "run", "restore":
		bundle := option(rest, "bundle", "b")
		if bundle == "" {
			bundle = "."
		}
		return bundle + "/config.json", bundleSpec
	case "exec":
		if file := option(rest, "process", "p"); file != "" {
			return file, processSpec
		}
	}
	return "", notSpec
}

// subcommand skips runc's global options and returns its verb and what follows.
func subcommand(args []string) (string, []string) {
	for i := 0; i < len(args); i++ {
		name, isOption := strings.CutPrefix(args[i], "-")
		if !isOption {
			return args[i], args[i+1:]
		}
		switch strings.TrimPrefix(name, "-") {
		case "log", "log-format", "root", "criu", "rootless":
			i++ // its value is the next argument
		}
	}
	return "", nil
}

// option returns the value of --long, -long or -short, or "" without one.
func option(args []string, long, short string) string {
	for i, arg := range args {
		name, isOption := strings.CutPrefix(arg, "-")
		if !isOption {
			continue
		}
		name, value, joined := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		if name != long && name != short {
			continue
		}
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		return value
	}
	return ""
}
