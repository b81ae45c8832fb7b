package appimage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/firedrill/firedrill/internal/drillapp"
)

const (
	// modFile is the throw-away module's. Its Go is the main module's.
	modFile = "module github.com/firedrill/firedrill\n\ngo 1.26.0\n"

	// mainFile is cmd/drillapp/main.go; a test keeps the two equal.
	mainFile = `// Command drillapp is the workload that drills break and the prober that plays its
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
`
)

// compile builds drillapp from the embedded sources in a module of its own beside the
// output. It works from any folder and without network: the sources need the standard
// library only.
func compile(ctx context.Context, arch, output string) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("this firedrill carries no workload for linux/%s and finds no Go toolchain to build it:"+
			" install a release build of firedrill, which carries it, or put go (1.26 or newer) on PATH: %w", arch, err)
	}
	module := filepath.Join(filepath.Dir(output), "module")
	if err := writeModule(module); err != nil {
		return fmt.Errorf("build the workload: %w", err)
	}
	command := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=",
		"-o", output, "./cmd/drillapp")
	command.Dir = module
	command.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0",
		"GOWORK=off", "GOFLAGS=", "GO111MODULE=on", "GOEXPERIMENT=", "PWD="+module)
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the workload with %s: %w\n%s", goTool, errors.Join(ctx.Err(), err), text)
	}
	return nil
}

func writeModule(dir string) error {
	sources, err := drillapp.Sources()
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"go.mod":               []byte(modFile),
		"cmd/drillapp/main.go": []byte(mainFile),
	}
	for name, data := range sources {
		files["internal/drillapp/"+name] = data
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
