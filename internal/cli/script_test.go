package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/firedrill/firedrill/internal/home"
	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/session"
)

// TestMain lets the test binary be firedrill when it is called by that name: the
// scripts run a process of its own, as users do, and so does what it starts itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"firedrill": func() { os.Exit(Main(context.Background(), os.Args[1:], iostreams.System())) },
	})
}

// TestScripts runs the command line as scripts do: exit codes, what goes to stdout and
// what to stderr, files. There is no container engine and no cluster.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		UpdateScripts:      *updateDocs,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			// Only the folder of the command itself: no docker, kubectl or kind is found.
			env.Setenv("PATH", filepath.SplitList(env.Getenv("PATH"))[0])
			env.Setenv("FIREDRILL_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("NO_COLOR", "1")
			env.Setenv("TZ", "UTC")
			// The race detector lets every process sleep a second at its end, and a script has dozens.
			env.Setenv("GORACE", "atexit_sleep_ms=10")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "journal": scriptJournal, "replace": scriptReplace, "sha256": scriptSHA256, "await": scriptAwait, "hold": scriptHold,
		},
	})
}

// scriptExits runs firedrill and wants one exit code: exits CODE [ARGUMENT...].
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: exits CODE [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("firedrill", args[1:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// recordedAt is when the recorded runs were begun.
var recordedAt = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// scriptJournal makes a run from a recording: journal RUN FILE. A line of the file is
// an entry: the second in the run at which it was written, its type and its data.
func scriptJournal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: journal RUN FILE")
	}
	var journal bytes.Buffer
	prev, seq := "", int64(0)
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[1])))
	for lines.Scan() {
		text := strings.NewReplacer("$WORK", filepath.ToSlash(ts.Getenv("WORK")), "$RUN", args[0], "$EXAM_SHA256", ts.Getenv("EXAM_SHA256")).Replace(lines.Text())
		second, rest, _ := strings.Cut(text, " ")
		kind, data, _ := strings.Cut(rest, " ")
		if second == "" || strings.HasPrefix(second, "#") {
			continue
		}
		at, err := strconv.ParseFloat(second, 64)
		ts.Check(err)
		seq++
		line, err := json.Marshal(session.Entry{
			Seq: seq, Time: recordedAt.Add(time.Duration(at * float64(time.Second))), Type: kind, Data: json.RawMessage(data), Prev: prev,
		})
		ts.Check(err)
		journal.Write(append(line, '\n'))
		sum := sha256.Sum256(line)
		prev = hex.EncodeToString(sum[:])
	}
	file := filepath.Join(home.Home(ts.Getenv("FIREDRILL_HOME")).Run(args[0]), session.JournalFile)
	ts.Check(home.WriteFile(file, journal.Bytes(), home.FilePerm))
}

// scriptHold holds a run as its referee does, until the script ends: no verb starts one.
// hold RUN
func scriptHold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold RUN")
	}
	release, err := session.NewStore(home.Home(ts.Getenv("FIREDRILL_HOME")).Runs()).Hold(context.Background(), args[0])
	ts.Check(err)
	ts.Defer(func() { ts.Check(release()) })
}

// scriptReplace edits a file: replace OLD NEW FILE. OLD must be in it.
func scriptReplace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace OLD NEW FILE")
	}
	before := ts.ReadFile(args[2])
	after := strings.ReplaceAll(before, args[0], args[1])
	if before == after {
		ts.Fatalf("%s does not contain %q", args[2], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(after), 0o600))
}

// scriptSHA256 puts a file's SHA-256, in hex, into a variable: sha256 NAME FILE.
func scriptSHA256(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sha256 NAME FILE")
	}
	sum := sha256.Sum256([]byte(ts.ReadFile(args[1])))
	ts.Setenv(args[0], hex.EncodeToString(sum[:]))
}

// scriptAwait waits until a file contains a text: await TEXT FILE.
func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await TEXT FILE")
	}
	for range 600 {
		if data, err := os.ReadFile(ts.MkAbs(args[1])); err == nil && bytes.Contains(data, []byte(args[0])) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s does not contain %q after 30 s", args[1], args[0])
}
