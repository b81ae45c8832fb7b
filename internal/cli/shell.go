package cli

import (
	"context"
	_ "embed" // the kubectl that names its command
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/firedrill/firedrill/internal/asciicast"
	"github.com/firedrill/firedrill/internal/home"
)

func newShell(f *Factory) *cobra.Command {
	var record string
	cmd := &cobra.Command{
		Use:     "shell [RUN]",
		GroupID: groupDrill,
		Short:   "Open a shell as the drill's trainee",
		Long: `Open a shell in which kubectl acts as the drill's trainee; exit ends the shell, not the
drill. With --record what the terminal shows goes to an asciicast v2 file as well, which
asciinema plays. It holds all that is shown, secrets included.

The kubectl of the shell is the one in your PATH. It is run under a name that tells its command
(kubectl-rollout-status), which the audit log has as its user agent.`,
		Example: `  firedrill shell
  firedrill shell --record mine.cast`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.traineeRun(cmd.Context(), args)
			if err != nil {
				return err
			}
			return f.openShell(cmd.Context(), r, record)
		},
	}
	cmd.Flags().StringVar(&record, "record", "", "record the terminal into this new file, as asciicast v2 (not on Windows)")
	return cmd
}

func (f *Factory) openShell(ctx context.Context, r *openRun, record string) error {
	shell := f.Getenv("SHELL")
	if runtime.GOOS == "windows" {
		shell = f.Getenv("COMSPEC")
	}
	if shell == "" {
		shell = "/bin/sh"
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), shell) // Ctrl-C belongs to what runs in the shell
	path, err := r.namingPath(os.Getenv("PATH"))
	if err != nil {
		return fmt.Errorf("open a shell: %w", err)
	}
	cmd.Env = append(os.Environ(), "KUBECONFIG="+r.kubeconfig(), "FIREDRILL_RUN="+r.name(), "FIREDRILL_CLUSTER="+r.Cluster, "PATH="+path)
	run := func() error {
		cmd.Stdin, cmd.Stdout, cmd.Stderr = f.IO.In, f.IO.Out, f.IO.Err
		return cmd.Run()
	}
	if record != "" {
		run = func() error { return f.runRecorded(cmd, record, r.name()) }
	}
	if f.IO.InIsTerminal() {
		if err := write(f.IO.Err, "You are on call for %s. kubectl acts as the trainee; exit ends the shell, not the drill.\n", r.name()); err != nil {
			return err
		}
	}
	err = run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return &exitStatus{exit.ExitCode()}
	}
	if err != nil {
		return fmt.Errorf("open a shell: %w", err)
	}
	return nil
}

//go:embed shellkubectl.sh
var namingKubectl []byte

// namingPath is a PATH in which a kubectl comes first that runs the real one under a name
// which tells its command. Where there is no kubectl or no bash it is the one that is given.
func (r *openRun) namingPath(path string) (string, error) {
	if runtime.GOOS == "windows" {
		return path, nil
	}
	for _, program := range []string{"kubectl", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			return path, nil //nolint:nilerr // nothing to name, or nothing to name it with
		}
	}
	dir := filepath.Join(r.store.Dir(r.name()), "bin")
	if err := home.MkdirAll(dir); err != nil {
		return "", err
	}
	if err := home.WriteFile(filepath.Join(dir, "kubectl"), namingKubectl, 0o700); err != nil {
		return "", err
	}
	return dir + string(filepath.ListSeparator) + path, nil
}

// runRecorded runs a shell in a terminal of its own, which is recorded. The file must
// not be there yet: a recording has one beginning.
func (f *Factory) runRecorded(cmd *exec.Cmd, path, title string) (err error) {
	if err := canRecord(); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, home.FilePerm)
	if errors.Is(err, os.ErrExist) {
		return usageErrorf("--record %s: the file is there already: name a new one", path)
	}
	if err != nil {
		return usageErrorf("--record %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size := f.terminalSize()
	recorder, err := asciicast.New(file, asciicast.Header{
		Width: size.columns, Height: size.rows, Title: "firedrill " + title,
		Env: map[string]string{"SHELL": cmd.Path, "TERM": f.Getenv("TERM")},
	}, time.Now)
	if err != nil {
		return err
	}
	err = f.runInTerminal(cmd, recorder, size)
	if closeErr := recorder.Close(); closeErr != nil {
		f.Log.Warn("the recording is not whole", "file", path, "error", closeErr)
	}
	return err
}

// terminalSize is a terminal's size in characters.
type terminalSize struct{ columns, rows int }

const (
	defaultColumns = 80
	defaultRows    = 24
)
