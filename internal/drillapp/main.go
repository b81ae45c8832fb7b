package drillapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Exit codes of Main.
const (
	ExitOK    = 0
	ExitError = 1 // the mode failed
	ExitUsage = 2 // unknown mode or bad environment
	// ExitTerminated: SIGTERM came before the service listened (128 and the signal's number).
	ExitTerminated = 143
)

// Process is what the program sees of its surroundings.
type Process struct {
	Args   []string                // without the program's name
	Getenv func(key string) string // empty when unset
	Stdout io.Writer
	Stderr io.Writer
}

// Main runs the mode the process names until it ends or ctx is done (SIGTERM), and
// returns the exit code.
func Main(ctx context.Context, p Process) int {
	mode, rest := modeOf(p)
	switch mode {
	case "serve":
		return p.exit(runServe(ctx, p))
	case "probe":
		return p.exit(runProbe(ctx, p))
	case "hold", "sleep":
		<-ctx.Done()
		return ExitOK
	case "restore":
		return p.exit(restore(p))
	case "http-get":
		return p.exit(httpGet(ctx, p, rest))
	}
	return p.exit(usagef("unknown mode %q: want serve, probe, hold, restore or http-get URL", mode))
}

// errTerminated says that the process was told to end before it was up.
var errTerminated = errors.New("terminated by SIGTERM before it was listening")

func modeOf(p Process) (mode string, rest []string) {
	if len(p.Args) > 0 {
		return p.Args[0], p.Args[1:]
	}
	if mode := p.Getenv("DRILLAPP_MODE"); mode != "" {
		return mode, nil
	}
	return "serve", nil
}

// usageError is a mistake of whoever configured the process.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return usageError{text: fmt.Sprintf(format, args...)}
}

// exit logs what went wrong, as the service would, and picks the exit code.
func (p Process) exit(err error) int {
	if err == nil {
		return ExitOK
	}
	newLogger(p.Stderr).Error("exiting", "error", err)
	if errors.Is(err, errTerminated) {
		return ExitTerminated
	}
	var usage usageError
	if errors.As(err, &usage) {
		return ExitUsage
	}
	return ExitError
}

func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, nil))
}
