package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/timeline"
)

// fixtureRun is the run whose trainee's actions were recorded.
const fixtureRun = "fixture-abcde"

// command is a line of testdata/commands.txt.
type command struct {
	name, shell string
	want        []string // by what it asks for alone
	named       []string // with a kubectl whose name tells its command
}

func commands(t *testing.T) []command {
	t.Helper()
	var all []command
	for _, line := range table(t, "testdata/commands.txt") {
		name, rest, _ := strings.Cut(line, " | ")
		if name == "-" {
			continue
		}
		at := strings.LastIndex(rest, " |")
		want := wants(rest[at+2:])
		all = append(all, command{name: name, shell: rest[:at], want: want, named: want})
	}
	for _, line := range table(t, "testdata/named.txt") {
		name, want, _ := strings.Cut(line, " | ")
		at := slices.IndexFunc(all, func(c command) bool { return c.name == name })
		if at < 0 {
			t.Fatalf("named.txt: commands.txt has no %s", name)
		}
		all[at].named = wants(want)
	}
	return all
}

// table reads the lines of a file but for empty ones and comments.
func table(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines
}

func wants(text string) []string {
	var all []string
	for want := range strings.SplitSeq(text, ";") {
		if want = strings.TrimSpace(want); want != "" {
			all = append(all, want)
		}
	}
	return all
}

// in is what a command must come back as in a folder of recordings.
func (c command) in(folder string) []string {
	if isNamed(folder) {
		return c.named
	}
	return c.want
}

// isNamed tells the recordings of kubectls that were run as in the shell of a drill.
func isNamed(folder string) bool { return strings.HasPrefix(filepath.Base(folder), "named-") }

var (
	podName  = regexp.MustCompile(`\bcheckout-[a-z0-9]{7,10}-[a-z0-9]{5}\b`)
	nodeName = regexp.MustCompile(`\b(firedrill|drill)(-dev)?-(control-plane|worker\d*)\b`)
	imageRef = regexp.MustCompile(`\bfiredrill[a-z-]*/[a-z-]+:[a-z0-9.]+\b`)
	several  = regexp.MustCompile(`\$(NODE|POD)(, \$(NODE|POD))+(, \d+ more)?`)
)

// brief writes an event as commands.txt does.
func brief(e timeline.Event) string {
	text := strings.TrimSuffix(e.Verb+", "+e.Resource, ", ")
	if e.Name != "" {
		text += ", " + e.Name
	}
	if e.Detail != "" {
		text += " {" + e.Detail + "}"
	}
	if e.Code == 403 || e.Code == 429 { // what the rules or a disruption budget refuse is not what was done
		text += fmt.Sprintf(" (%d)", e.Code)
	}
	text = strings.ReplaceAll(text, fixtureRun, "$NS")
	text = podName.ReplaceAllString(text, "$$POD")
	text = nodeName.ReplaceAllString(text, "$$NODE")
	text = imageRef.ReplaceAllString(text, "$$IMAGE")
	return several.ReplaceAllString(text, "$$${1}S")
}

// classifyAll returns the events of lines, in the order they are told.
func classifyAll(run string, lines [][]byte) []timeline.Event {
	c := NewClassifier(run)
	var events []timeline.Event
	for _, line := range lines {
		events = append(events, c.Line(line)...)
	}
	return append(events, c.Rest()...)
}

func fixture(t *testing.T, path string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(data), []byte("\n"))
}

// versions are the kubectls that were recorded, by the folders of their recordings.
func versions(t *testing.T) []string {
	t.Helper()
	plain, err := filepath.Glob("testdata/v*")
	if err != nil || len(plain) < 2 {
		t.Fatalf("want recordings of at least two kubectls, got %v, %v", plain, err)
	}
	named, err := filepath.Glob("testdata/named-v*")
	if err != nil || len(named) < 2 {
		t.Fatalf("want recordings of at least two kubectls with names, got %v, %v", named, err)
	}
	return append(plain, named...)
}

// told are the commands that a recording comes back as. A drain's evictions, which
// commands.txt names once for any number of pods, are told once for each pod: of events
// alike only those of another object are left out, so that one that is told twice shows.
// They are sent side by side, so those that were refused stand behind the others.
func told(t *testing.T, path string) []string {
	t.Helper()
	var got []string
	objects := map[string]bool{}
	for _, e := range evictedInOrder(classifyAll(fixtureRun, fixture(t, path))) {
		if e.Actor != ActorTrainee || e.Text == "" || e.ID == "" || e.Time.IsZero() {
			t.Errorf("incomplete event: %+v", e)
		}
		text := brief(e)
		object := fmt.Sprintf("%s %s %s %d", text, e.Name, e.Namespace, e.Code)
		if len(got) > 0 && got[len(got)-1] == text && e.Name != "" && !objects[object] {
			objects[object] = true
			continue
		}
		objects[object] = true
		got = append(got, text)
	}
	return got
}

// evictedInOrder puts evictions that follow one another in the order of their codes.
func evictedInOrder(events []timeline.Event) []timeline.Event {
	for from := 0; from < len(events); from++ {
		to := from
		for to < len(events) && events[to].Verb == "evict" {
			to++
		}
		slices.SortStableFunc(events[from:to], func(a, b timeline.Event) int { return cmp.Compare(a.Code, b.Code) })
		from = max(from, to)
	}
	return events
}

// TestEveryCommandIsToldAsListed: every kubectl command a trainee would use, run once,
// recorded from real kubectls, is told as commands.txt says.
func TestEveryCommandIsToldAsListed(t *testing.T) {
	t.Parallel()
	for _, folder := range versions(t) {
		for _, c := range commands(t) {
			t.Run(filepath.Base(folder)+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(folder, c.name+".jsonl")
				if _, err := os.Stat(path); err != nil {
					t.Skip("this kubectl has no such command")
				}
				if diff := gocmp.Diff(c.in(folder), told(t, path)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", c.shell, diff)
				}
			})
		}
	}
}

// TestRecordingsAreComplete fails when a command is added without a recording.
func TestRecordingsAreComplete(t *testing.T) {
	t.Parallel()
	for _, c := range commands(t) {
		recorded := map[bool]int{}
		for _, folder := range versions(t) {
			if _, err := os.Stat(filepath.Join(folder, c.name+".jsonl")); err == nil {
				recorded[isNamed(folder)]++
			}
		}
		if recorded[false] < 2 || recorded[true] < 2 {
			t.Errorf("%s was recorded with %d kubectls, and %d with names, want at least 2 of each: run testdata/record.sh", c.name, recorded[false], recorded[true])
		}
	}
}

// recording is a whole session: every command of one kubectl after the other.
func recording(t *testing.T, folder string) [][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	type stamped struct {
		at   string
		line []byte
	}
	rd := newReader()
	var all []stamped
	for _, file := range files {
		for _, line := range fixture(t, file) {
			if rec, err := rd.decode(line); err == nil {
				all = append(all, stamped{rec.Staged.Format("2006-01-02T15:04:05.000000"), line})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b stamped) int { return cmp.Compare(a.at, b.at) })
	lines := make([][]byte, len(all))
	for i := range all {
		lines[i] = all[i].line
	}
	return lines
}

func eventIDs(events []timeline.Event) []string {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = fmt.Sprintf("%s %s %s", e.ID, e.Verb, e.Name)
	}
	slices.Sort(ids)
	return ids
}

// TestInterruptedAnywhere ends the process after every line in turn, and goes on from
// the saved state: the events must be the same as without.
func TestInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	for _, folder := range versions(t) {
		lines := recording(t, folder)
		want := eventIDs(classifyAll(fixtureRun, lines))
		c := NewClassifier(fixtureRun)
		var got []timeline.Event
		for _, line := range lines {
			got = append(got, c.Line(line)...)
			state, err := c.State()
			if err != nil {
				t.Fatal(err)
			}
			c = NewClassifier(fixtureRun)
			if err := c.Restore(state); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, c.Rest()...)
		if diff := gocmp.Diff(want, eventIDs(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", folder, diff)
		}
	}
}

// TestNothingSecret looks for the secrets that the recorded commands were given.
func TestNothingSecret(t *testing.T) {
	t.Parallel()
	for _, folder := range versions(t) {
		c := NewClassifier(fixtureRun)
		for _, line := range recording(t, folder) {
			events := c.Line(line)
			state, err := c.State()
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("%+v %s", events, state)
			for _, secret := range []string{"hunter2", "not-a-secret", "TOKEN:abc", "TOKEN=abc"} {
				if strings.Contains(text, secret) {
					t.Fatalf("%q is in %s", secret, text)
				}
			}
		}
	}
}

// TestWritesAreNeverSwallowed counts the writes in the recordings themselves.
func TestWritesAreNeverSwallowed(t *testing.T) {
	t.Parallel()
	for _, folder := range versions(t) {
		told := map[string]bool{}
		lines := recording(t, folder)
		for _, e := range classifyAll(fixtureRun, lines) {
			told[e.ID] = true
		}
		var applied string
		rd := newReader()
		for _, line := range lines {
			rec, err := rd.decode(line)
			if err != nil {
				t.Fatal(err)
			}
			r := rd.newRequest(rec, ActorTrainee)
			if !rec.final() || !r.writes() || longRunning[r.Subresource] || told[r.id()] {
				continue
			}
			if r.code == 429 {
				continue // asked again for a refused eviction
			}
			applied = r.manager()
			if applied != "kubectl" && applied != "kubectl-last-applied" {
				t.Errorf("%s %s was not told", r.verb, rec.RequestURI)
			}
		}
	}
}

// The commands of a script follow each other within a tenth of a second. None of them may
// be lost in the one before or after it: a script is a trainee as well.
func TestCommandsOfAQuickScript(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/quick-script.log")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range sorted(classifyAll("shop-7zmdu", bytes.Split(bytes.TrimSpace(data), []byte("\n")))) {
		got = append(got, e.Time.Format("04:05 ")+e.Verb+" "+e.Resource)
	}
	want := []string{
		"53:23 get pods", "53:23 get pods", "53:23 describe pods", "53:23 logs pods", "53:23 get deployments",
		"53:23 rollout history deployments", "53:24 top pods", "53:24 get deployments",
		"55:02 get pods", "55:02 describe pods", "55:03 logs pods", "55:03 top pods", "55:03 events events",
		"55:03 rollout history deployments", "55:04 rollout undo deployments", "55:04 rollout status deployments",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
