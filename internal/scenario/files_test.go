package scenario_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestWhatIsNoFileIsTold: a link among scripts and manifests was left out in silence.
func TestWhatIsNoFileIsTold(t *testing.T) {
	t.Parallel()
	link := &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte("30-other.yaml")}
	const linked = ": is a symbolic link, which is not followed: put a copy in its place"
	tests := map[string]struct {
		name string
		file *fstest.MapFile
		want string
	}{
		"a link to a manifest":  {"manifests/20-more.yaml", link, "manifests/20-more.yaml" + linked},
		"a link to a solution":  {"solutions/more.sh", link, "solutions/more.sh" + linked},
		"a link to a wrong fix": {"wrong-fixes/more.sh", link, "wrong-fixes/more.sh" + linked},
		"further down":          {"manifests/more/20-more.yaml", link, "manifests/more/20-more.yaml" + linked},
		"a pipe": {
			"manifests/20-more.yaml", &fstest.MapFile{Mode: fs.ModeNamedPipe},
			"manifests/20-more.yaml: is neither a file nor a folder, and is left out: put a file in its place",
		},
		"an editor's lock": {"solutions/.#scale-up.sh", link, ""},
		"elsewhere":        {"notes/more.yaml", link, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := change(t, nil).(fstest.MapFS)
			folder[tt.name] = tt.file
			if diff := cmp.Diff(tt.want, problems(t, folder)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFilesBesideAScenarioThatIsNoYAML: what is wrong with the files is told as well, and
// nothing that hangs on what scenario.yaml says.
func TestFilesBesideAScenarioThatIsNoYAML(t *testing.T) {
	t.Parallel()
	const broken = "scenario.yaml:3:1: is not YAML: ',' or ']' must be specified"
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"good files":        {nil, ""},
		"no manifest":       {map[string]string{"manifests/10-checkout.yaml": ""}, ""},
		"variables":         {map[string]string{"manifests/20.yaml": "a: {b: ${port}, ${order-size}: $${c}}\nd: x-${unknown}-y\n"}, ""},
		"a manifest":        {map[string]string{"manifests/20.yaml": "a: [${b}\n"}, "manifests/20.yaml:1:4: is not YAML: sequence end token ']' not found"},
		"a variant's":       {map[string]string{"solutions/more.sh": "#!/bin/sh\n# Does more.\n# variants: other\ntrue\n"}, ""},
		"refused by whom":   {map[string]string{"wrong-fixes/more.sh": "#!/bin/sh\n# Does more.\n# refused: nobody\ntrue\n"}, ""},
		"no shebang":        {map[string]string{"solutions/more.sh": "# Does more.\ntrue\n"}, "solutions/more.sh:1:1: has no shebang: begin with #!/bin/sh"},
		"what is no script": {map[string]string{"solutions/more.txt": "x"}, "solutions/more.txt: is no script: solutions/ holds only *.sh files"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := broken
			if tt.want != "" {
				want += "\n" + tt.want
			}
			if diff := cmp.Diff(want, problems(t, change(t, tt.files, "kind: Scenario", "kind: [Scenario"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAFolderThatIsALinkIsTold: the scripts in it were left out, all of them.
func TestAFolderThatIsALinkIsTold(t *testing.T) {
	t.Parallel()
	folder := change(t, nil).(fstest.MapFS)
	for name, file := range folder {
		if dir, rest, _ := strings.Cut(name, "/"); dir == "solutions" {
			folder["shared/"+rest] = file
			delete(folder, name)
		}
	}
	folder["solutions"] = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte("shared")}
	want := "solutions: holds 0 scripts, and at least 2 prove the scenario\nsolutions: is a symbolic link, which is not followed: put a copy in its place"
	if diff := cmp.Diff(want, problems(t, folder)); diff != "" {
		t.Error(diff)
	}
}
