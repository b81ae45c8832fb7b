//go:build e2e

// Package e2e proves the drills on a real kind cluster, with nothing but what a user
// has: the firedrill binary, kubectl, and the scripts of the scenarios.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// clusterName is a cluster of the tests' own; a cluster in use is never touched.
var clusterName = flag.String("cluster", "firedrill-e2e", "name of the kind cluster that the tests make")

var keep = flag.Bool("keep", false, "leave the cluster for inspection")

// workers is how many the tests' cluster has: two shared ones, and four that are lent to
// drills that break a node, of which there are sixteen.
const workers = "6"

// tool is the binary under test with a home of its own.
type tool struct {
	binary string
	env    []string
}

var firedrill tool

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

// run keeps everything in one folder that is the same each time: what a killed run left
// behind, cluster included, is then ours to remove.
func run(m *testing.M) int {
	dir := filepath.Join(os.TempDir(), "firedrill-e2e", *clusterName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(err)
	}
	only := flock.New(dir + ".lock")
	free, err := only.TryLock()
	if err != nil {
		return fail(fmt.Errorf("lock %s: %w", dir, err))
	}
	if !free {
		return fail(fmt.Errorf("another run of these tests uses %s: choose another cluster with -cluster", dir))
	}
	// Of the tests' own process too, which may have been started with another home.
	if err := os.Setenv("FIREDRILL_HOME", filepath.Join(dir, "home")); err != nil {
		return fail(err)
	}
	firedrill.binary = filepath.Join(dir, "firedrill")
	if err := release(dir); err != nil {
		return fail(err)
	}
	path, err := withoutGo(dir)
	if err != nil {
		return fail(err)
	}
	firedrill.env = append(os.Environ(), "NO_COLOR=1", "PATH="+path)
	defer cleanUpWhenInterrupted(dir)()
	if err := firedrill.stream("down", "--name", *clusterName); err != nil {
		return fail(err)
	}
	start := time.Now()
	if err := firedrill.stream("up", "--name", *clusterName, "--workers", workers); err != nil {
		return fail(err)
	}
	fmt.Printf("cluster up in %s\n", time.Since(start).Round(time.Second))
	code := m.Run()
	if *keep {
		fmt.Printf("kept: FIREDRILL_HOME=%s\n", filepath.Join(dir, "home"))
		return code
	}
	if err := firedrill.stream("down", "--name", *clusterName); err != nil {
		return fail(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fail(err)
	}
	return code
}

// release builds firedrill as it is released, with all that it carries.
func release(dir string) error {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	dist := filepath.Join(dir, "dist")
	build := exec.Command("../../scripts/release")
	build.Env = append(os.Environ(), "PLATFORMS="+platform, "DIST="+dist, "GOGC=400") // a compile is worth some memory
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build firedrill: %w\n%s", err, out)
	}
	return os.Rename(filepath.Join(dist, "firedrill-"+strings.ReplaceAll(platform, "/", "-")), firedrill.binary)
}

// withoutGo is a PATH on which go only fails: who installed firedrill need not have it.
func withoutGo(dir string) (string, error) {
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return "", err
	}
	none := "#!/bin/sh\necho 'there is no Go toolchain here' >&2\nexit 127\n"
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(none), 0o700); err != nil { //nolint:gosec // a program
		return "", err
	}
	return bin + string(os.PathListSeparator) + os.Getenv("PATH"), nil
}

// cleanUpWhenInterrupted takes the cluster down when the tests are stopped by a signal.
func cleanUpWhenInterrupted(dir string) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		// Under another name: a test that goes on must not start anything, which would make a
		// new cluster behind the one that goes.
		last := tool{binary: firedrill.binary + ".last", env: firedrill.env}
		err := os.Rename(firedrill.binary, last.binary)
		if err == nil {
			err = last.stream("down", "--name", *clusterName)
		}
		if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(130)
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// stream runs firedrill with its output shown.
func (t tool) stream(args ...string) error {
	cmd := exec.Command(t.binary, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = t.env, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("firedrill %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// engineName is the container engine that works here, as scripts/test finds it.
var engineName = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("../../scripts/ci/engine-name").Output()
	return strings.TrimSpace(string(out)), err
})

func engine(tb testing.TB) string {
	tb.Helper()
	name, err := engineName()
	if err != nil {
		tb.Fatalf("find the container engine: %v", err)
	}
	return name
}

// result is what a command left.
type result struct {
	stdout, stderr string
	code           int
}

func (t tool) run(tb testing.TB, args ...string) result {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) //nolint:usetesting // clean-ups run commands as well, when tb.Context is over
	defer cancel()
	cmd := exec.CommandContext(ctx, t.binary, append(args, "--name", *clusterName)...)
	cmd.Env = t.env
	return capture(tb, cmd)
}

func capture(tb testing.TB, cmd *exec.Cmd) result {
	tb.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tb.Fatalf("%s: %v", cmd, err)
	}
	return result{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}

// must runs firedrill and fails the test when it does not succeed.
func (t tool) must(tb testing.TB, args ...string) string {
	tb.Helper()
	r := t.run(tb, args...)
	if r.code != 0 {
		tb.Fatalf("firedrill %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

func decode[T any](tb testing.TB, text string) T {
	tb.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		tb.Fatalf("not JSON: %v\n%s", err, text)
	}
	return v
}
