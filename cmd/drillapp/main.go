// Command drillapp is the workload that drills break and the prober that plays its
// users; package drillapp has its modes and settings.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/firedrill/firedrill/internal/drillapp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	code := drillapp.Main(ctx, drillapp.Process{
		Args: os.Args[1:], Getenv: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr,
	})
	stop()
	os.Exit(code)
}
