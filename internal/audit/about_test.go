package audit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asks is a request that names no resource.
func asks(path string, at time.Duration) lineBuilder {
	return lineBuilder{verb: "get", uri: path + "?timeout=32s", at: at, id: path + at.String()}
}

func TestWhatIsAskedOfTheAPIItself(t *testing.T) {
	t.Parallel()
	const second = time.Second
	list := func(at time.Duration) lineBuilder {
		return lineBuilder{verb: "list", uri: "/api/v1/namespaces/x/pods?limit=500", ref: pod(""), at: at}
	}
	other := func(agent string, b lineBuilder) lineBuilder { b.agent = agent; return b }
	for name, tc := range map[string]struct {
		lines []lineBuilder
		want  []string
	}{
		"alone":                       {[]lineBuilder{asks("/version", 0)}, []string{"trainee: version"}},
		"all of it by one command":    {[]lineBuilder{asks("/api", 0), asks("/apis", 5e6), asks("/openapi/v3", 20e6), asks("/openapi/v3/api/v1", 90e6)}, []string{"trainee: explain"}},
		"then the command goes on":    {[]lineBuilder{asks("/api", 0), asks("/apis", 5e6), list(second / 2)}, []string{"trainee: get, pods"}},
		"on a busy machine":           {[]lineBuilder{asks("/api", 0), asks("/apis", 5e6), list(5 * second / 2)}, []string{"trainee: get, pods"}},
		"the schema takes long":       {[]lineBuilder{asks("/openapi/v3", 0), list(2 * second)}, []string{"trainee: get, pods"}},
		"another command, much later": {[]lineBuilder{asks("/api", 0), asks("/apis", 5e6), list(4 * second)}, []string{"trainee: api-resources", "trainee: get, pods"}},
		"two commands":                {[]lineBuilder{asks("/version", 0), asks("/version", 4*second)}, []string{"trainee: version", "trainee: version"}},
		"in the middle of a command":  {[]lineBuilder{list(0), asks("/apis", 20e6)}, []string{"trainee: get, pods"}},
		"right after another command": {[]lineBuilder{list(0), asks("/version", second/2)}, []string{"trainee: get, pods", "trainee: version"}},
		"before a write":              {[]lineBuilder{asks("/openapi/v3", 0), {verb: "delete", ref: pod("a"), at: second}}, []string{"trainee: delete, pods, a"}},
		"a program that keeps asking": {[]lineBuilder{other("k9s/v0.50.0", asks("/version", 0)), other("k9s/v0.50.0", asks("/apis", 9*second))}, nil},
		"a program that chooses kubectl": {
			[]lineBuilder{other("kubectl/v1.32.4-dispatcher", asks("/version", 0)), other("kubectl.1.33/v1.33.1", list(second))},
			[]string{"trainee: get, pods"},
		},
		"api-versions, by its name": {[]lineBuilder{other("kubectl-api-versions/v1.37.2", asks("/api", 0)), other("kubectl-api-versions/v1.37.2", asks("/apis", 5e6))}, []string{"trainee: api-versions"}},
		"top, by its name":          {[]lineBuilder{other("kubectl-top-pod/v1.37.2", asks("/api", 0)), other("kubectl-top-pod/v1.37.2", asks("/apis", 5e6))}, []string{"trainee: top {no metrics}"}},
		"top that goes on":          {[]lineBuilder{other("kubectl-top-pod/v1.37.2", asks("/api", 0)), other("kubectl-top-pod/v1.37.2", list(second/2))}, []string{"trainee: get, pods"}},
		"another one with a name":   {[]lineBuilder{other("kubectl-get/v1.37.2", asks("/apis", 0))}, []string{"trainee: api-resources"}},
		"a name that says nothing":  {[]lineBuilder{other("kubectl-/v1.37.2", asks("/apis", 0))}, []string{"trainee: api-resources"}},
		"the administrator":         {[]lineBuilder{{user: adminUser, verb: "get", uri: "/version"}}, nil},
		"health":                    {[]lineBuilder{asks("/readyz", 0), asks("/apis/apps/v1", second)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines [][]byte
			for _, b := range tc.lines {
				lines = append(lines, b.line())
			}
			if diff := cmp.Diff(tc.want, briefs(classifyAll(fixtureRun, lines))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSentencesOfWhatNamesNoResource(t *testing.T) {
	t.Parallel()
	denied := asks("/version", 9*time.Second)
	denied.code = 403
	top := asks("/apis", 12*time.Second)
	top.agent = "kubectl-top-node/v1.37.2"
	lines := [][]byte{asks("/version", 0).line(), asks("/apis", 3*time.Second).line(), asks("/openapi/v3", 5*time.Second).line(), denied.line(), top.line()}
	var got []string
	for _, e := range classifyAll(fixtureRun, lines) {
		got = append(got, e.Text)
	}
	want := []string{
		"asked for the version of the API server", "listed the kinds of objects", "looked up the fields of objects",
		"was refused: ask for the version of the API server (403)", "asked for metrics, and there were none",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
