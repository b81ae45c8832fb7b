package grade_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/firedrill/firedrill/internal/audit"
	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/internal/timeline"
)

// recorded are the events that the classifier makes of the recorded kubectls.
func recorded(t *testing.T) []timeline.Event {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "audit", "testdata", "*v[0-9]*", "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	script := filepath.Join(filepath.Dir(filepath.Dir(files[0])), "quick-script.log") // with the log of a container that was
	var events []timeline.Event
	for _, file := range append(files, script) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, after, found := bytes.Cut(data, []byte(`"username":"`+audit.UserPrefix))
		if !found {
			continue // noise alone
		}
		trainee, _, _ := bytes.Cut(after, []byte(`"`))
		c := audit.NewClassifier(string(trainee))
		for line := range bytes.Lines(data) {
			events = append(events, c.Line(bytes.TrimSpace(line))...)
		}
		events = append(events, c.Rest()...)
	}
	return events
}

// typedInNodes are lines as somebody types them into a shell in a node, or gives them to
// firedrill ssh.
var typedInNodes = []string{
	"systemctl status kubelet", "systemctl --no-pager status kubelet containerd", "systemctl is-enabled kubelet", "systemctl list-units --failed",
	"journalctl -u kubelet -n 50 --no-pager", "journalctl -u containerd", "crictl ps -a", "crictl pods", "cat /var/lib/kubelet/config.yaml",
	"df -h", "free -m", "ss -tlnp",
}

// TestShellSignalsAreSelective: a signal that is read by a command in a node is not read
// by any command.
func TestShellSignalsAreSelective(t *testing.T) {
	t.Parallel()
	for _, d := range drills(t) {
		for _, s := range d.spec.Rubric.Signals {
			for _, m := range s.Match {
				if m.Shell == "" {
					continue
				}
				for _, line := range []string{"ls /", "systemctl restart kubelet", "uptime", "systemctl enable --now kubelet"} {
					if grade.Matches("", []scenario.Match{m}, timeline.Event{Source: timeline.SourceNode, Actor: "trainee", Verb: "ssh", Detail: line, Text: line}) {
						t.Errorf("%s: signal %s is read by %q", d.name, s.Name, line)
					}
				}
			}
		}
	}
}

// TestSignalsCanBeSeen: every signal and every decision asks for something that the audit
// log tells of real kubectls, or for a command typed in a node.
func TestSignalsCanBeSeen(t *testing.T) {
	t.Parallel()
	events := recorded(t)
	seen := func(m scenario.Match) bool {
		// The recordings are of one small shop: what kind of object it was is not the point.
		m.Name, m.Namespace, m.Resources = "", "", nil
		if m.Detail != "" && m.Verbs[0] == "exec" {
			m.Detail = "command: " // no database was recorded
		}
		if m.Shell != "" {
			return slices.ContainsFunc(typedInNodes, func(line string) bool {
				return grade.Matches("", []scenario.Match{m}, timeline.Event{
					Source: timeline.SourceNode, Actor: "trainee", Verb: "ssh", Resource: "nodes", Detail: line, Text: "ran on node firedrill-worker: " + line,
				})
			})
		}
		return slices.ContainsFunc(events, func(e timeline.Event) bool { return grade.Matches(e.Namespace, []scenario.Match{m}, e) })
	}
	for _, d := range drills(t) {
		for _, s := range d.spec.Rubric.Signals {
			if !slices.ContainsFunc(s.Match, seen) {
				t.Errorf("%s: signal %s: no recorded command is one of %+v", d.name, s.Name, s.Match)
			}
		}
		for _, u := range d.spec.Rubric.Unsafe {
			// How something is deleted is not the point of the recordings, nor of what kind it was.
			if !slices.ContainsFunc(u.Match, func(m scenario.Match) bool { m.Detail = ""; return seen(m) }) {
				t.Errorf("%s: unsafe: no recorded command is one of %+v", d.name, u.Match)
			}
		}
		for _, m := range slices.Concat(d.spec.Rubric.Decision.Match, d.spec.Rubric.Precautions) {
			if !seen(m) {
				t.Errorf("%s: decision: no recorded command is %+v", d.name, m)
			}
		}
	}
}

// TestWhatOnlyShowsAnObject: a command that could change an object and only showed it is a look
// at it, and no change.
func TestWhatOnlyShowsAnObject(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event      timeline.Event
		look, does bool
	}{
		"an editor that was opened":     {timeline.Event{Verb: "edit", Detail: "opened"}, true, false},
		"what was saved in it":          {timeline.Event{Verb: "edit", Detail: "replicas=2", Writes: true}, false, true},
		"a list of variables":           {timeline.Event{Verb: "set", Detail: "no change"}, true, false},
		"a variable":                    {timeline.Event{Verb: "set", Detail: "env A=b", Writes: true}, false, true},
		"a dry run":                     {timeline.Event{Verb: "set", Detail: "dry run, env A=b"}, false, true},
		"a look":                        {timeline.Event{Verb: "get"}, true, false},
		"a write that claims no change": {timeline.Event{Verb: "set", Detail: "no change", Writes: true}, false, true},
	} {
		tt.event.Resource, tt.event.Code = "deployments", 200
		look := grade.Matches("shop-aaaaa", []scenario.Match{{Verbs: []string{"get", "describe"}, Resources: []string{"deployments"}}}, tt.event)
		does := grade.Matches("shop-aaaaa", []scenario.Match{{Verbs: []string{"set", "edit"}, Resources: []string{"deployments"}}}, tt.event)
		if look != tt.look || does != tt.does {
			t.Errorf("%s: as a look %v, as a change %v; want %v and %v", name, look, does, tt.look, tt.does)
		}
	}
}
