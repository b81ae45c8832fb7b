package audit

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// subcommand is the kubectl command in a line of commands.txt.
var subcommand = regexp.MustCompile(`\bk (rollout [a-z]+|auth [a-z-]+|create token|get events\b|[a-z-]+)`)

// synonyms are two ways to spell one action: what a person did is the same.
var synonyms = map[string]string{"get events": "events"}

// parts are what a command is told as beside itself: its own steps.
var parts = map[string][]string{"drain": {"cordon", "evict", "delete"}, "run": {"delete"}, "replace": {"delete"}, verbClusterInfo: {"logs"}, "proxy": {"get"}}

// itself tells whether what commands.txt wants of a command is that command, and not
// another one that sends the same requests, or nothing.
func (c command) itself(t *testing.T, wanted []string) bool {
	t.Helper()
	match := subcommand.FindStringSubmatch(c.shell)
	if match == nil {
		t.Fatalf("no kubectl command in %s", c.shell)
	}
	name := cmp.Or(synonyms[match[1]], match[1])
	found := false
	for _, want := range wanted {
		verb, _, _ := strings.Cut(want, ",")
		verb, _, _ = strings.Cut(verb, " {") // of what is about no resource
		found = found || verb == name
		if verb != name && !slices.Contains(parts[name], verb) {
			return false
		}
	}
	return found
}

func TestItself(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		shell  string
		want   []string
		itself bool
	}{
		{"k get pods", []string{"get, pods"}, true},
		{"timeout 3 k rollout status deploy/a", []string{"rollout status, deployments, a"}, true},
		{"k drain n", []string{"cordon, nodes, n", "drain, nodes, n", "evict, pods, p"}, true},
		{"k drain n", []string{"cordon, nodes, n"}, false},
		{"k wait deploy/a", []string{"rollout status, deployments, a"}, false},
		{"k set env deploy/a --list", []string{"get, deployments, a"}, false},
		{"k replace -f a --force", []string{"delete, configmaps, a", "replace, configmaps, a"}, true},
		{"k replace -f a --force", []string{"delete, configmaps, a", "create, configmaps, a"}, false},
		{"k get events", []string{"events, events"}, true},
		{"k get events", []string{"get, events"}, false},
		{"k get pods", []string{"events, events"}, false},
		{"k create token a", []string{"create token, serviceaccounts, a"}, true},
		{"k create token a", []string{"create, serviceaccounts, a"}, false},
		{"k cluster-info dump", []string{"cluster-info {dump}", "logs, pods, p"}, true},
		{"k cluster-info dump", []string{"logs, pods, p"}, false},
		{"k proxy & curl localhost", []string{"get, pods"}, false},
		{"k proxy & curl localhost", []string{"proxy {API server}", "get, pods"}, true},
		{"k version", nil, false},
	} {
		if got := (command{shell: tc.shell}).itself(t, tc.want); got != tc.itself {
			t.Errorf("%s told as %q: itself %v, want %v", tc.shell, tc.want, got, tc.itself)
		}
	}
}

// TestTheStatedAccuracy counts what docs/audit.md states, from the recordings: how many
// runs of how many commands come back as themselves, and which as something else.
func TestTheStatedAccuracy(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(data)), " ")
	for named, sentence := range map[bool]string{
		false: "%d of %d recordings (%.1f %%), of %d commands and %d versions of kubectl.",
		true:  "%d of %d recordings (%.1f %%), of the same %d commands and %d versions.",
	} {
		folders := slices.DeleteFunc(versions(t), func(folder string) bool { return isNamed(folder) != named })
		a := accuracyOf(t, folders)
		stated := fmt.Sprintf(sentence, a.asItself, a.recorded, 100*float64(a.asItself)/float64(a.recorded), a.commands, len(folders))
		if others := a.recorded - a.asItself; others > 0 {
			stated += fmt.Sprintf(" The other %d are told as the table below says: %s.", others, strings.Join(a.others, ", "))
		}
		if !strings.Contains(text, stated) {
			t.Errorf("docs/audit.md does not state the accuracy as it is: %s", stated)
		}
	}
}

// accuracy counts recordings and commands.
type accuracy struct {
	commands, recorded, asItself int
	others                       []string // commands that are told as another one
}

func accuracyOf(t *testing.T, folders []string) accuracy {
	t.Helper()
	var a accuracy
	for _, c := range commands(t) {
		a.commands++
		itself := c.itself(t, c.in(folders[0]))
		if !itself {
			a.others = append(a.others, "`"+c.name+"`")
		}
		for _, folder := range folders {
			path := filepath.Join(folder, c.name+".jsonl")
			if _, err := os.Stat(path); err != nil {
				continue
			}
			a.recorded++
			if itself && gocmp.Equal(c.in(folder), told(t, path)) {
				a.asItself++
			}
		}
	}
	return a
}
