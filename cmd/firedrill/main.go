// Command firedrill runs incident drills on a real Kubernetes cluster.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/firedrill/firedrill/internal/cli"
	"github.com/firedrill/firedrill/internal/iostreams"
)

func main() {
	os.Exit(run())
}

func run() int {
	// The first signal asks for an orderly end. After it the default is back: a
	// second one kills at once, and the next `up` or `down` cleans up.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return cli.Main(ctx, os.Args[1:], iostreams.System())
}
