package scenario_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firedrill/firedrill/internal/scenario"
)

// with loads the good scenario with one fault's parameters replaced.
func with(t *testing.T, params string) scenario.Params {
	t.Helper()
	folder := change(t, nil, "\n      with:\n        file: faults/small.yaml", params)
	loaded, err := scenario.Load(folder, scenario.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Scenario.Spec.Faults[0].With
}

type everything struct {
	Text     string            `yaml:"text" required:"true"`
	Number   int32             `yaml:"number" default:"3" min:"1"`
	Unsigned uint8             `yaml:"unsigned"`
	Ratio    *float64          `yaml:"ratio" min:"0" max:"1"`
	Flag     *bool             `yaml:"flag"`
	Plain    time.Duration     `yaml:"plain"`
	Wait     scenario.Duration `yaml:"wait" default:"90s"`
	Mode     string            `yaml:"mode" enum:"fast,slow" default:"slow"`
	List     []string          `yaml:"list"`
	Map      map[string]int    `yaml:"map"`
	Nested   []selector        `yaml:"nested"`
	Free     any               `yaml:"free"`
	Untagged string
}

func TestDecodeParams(t *testing.T) {
	t.Parallel()
	var got everything
	params := with(t, `
      with:
        text: |
          two
          lines
        number: ${port}
        unsigned: 255
        ratio: 0.5
        flag: false
        plain: 1m30s
        wait: 2s
        mode: fast
        list: [a, "1"]
        map: {a: 1}
        nested:
          - app: x
        free:
          port: ${port}
          quoted: "${port}"
          list: [1, 2.5, true, null, "${order-size}"]
          deep: {a: {b: c}}`)
	if problems := scenario.DecodeParams("scenario.yaml", params, &got); len(problems) > 0 {
		t.Fatal(problems)
	}
	ratio, flag := 0.5, false
	want := everything{
		Text: "two\nlines\n", Number: 8080, Unsigned: 255, Ratio: &ratio, Flag: &flag, Plain: 90 * time.Second,
		Wait: scenario.Duration(2 * time.Second), Mode: "fast", List: []string{"a", "1"}, Map: map[string]int{"a": 1},
		Nested: []selector{{App: "x"}},
		Free: map[string]any{
			"port": uint64(8080), "quoted": "8080", "list": []any{uint64(1), 2.5, true, nil, "12Mi"},
			"deep": map[string]any{"a": map[string]any{"b": "c"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded differently (-want +got):\n%s", diff)
	}
}

func TestDecodeParamsDefaults(t *testing.T) {
	t.Parallel()
	var got everything
	if problems := scenario.DecodeParams("scenario.yaml", with(t, "\n      with: {text: x}"), &got); len(problems) > 0 {
		t.Fatal(problems)
	}
	want := everything{Text: "x", Number: 3, Wait: scenario.Duration(90 * time.Second), Mode: "slow"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded differently (-want +got):\n%s", diff)
	}
}

func TestDecodeParamsProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, params string
		into         any
		want         []string
	}{
		{
			name: "absent", params: "", into: &everything{},
			want: []string{`scenario.yaml:34:7: spec.faults[0].with: missing required field "text"`},
		},
		{
			name: "every type wrong", into: &everything{},
			params: `
      with:
        text: [a]
        number: "8080"
        unsigned: 256
        ratio: 1.5
        flag: "yes"
        plain: 90
        wait: ninety
        mode: fst
        list: a
        map: {a: b}
        nested: [{ap: x}]
        untagged: x`,
			want: []string{
				`scenario.yaml:36:15: spec.faults[0].with.text: expected text, got a list`,
				`scenario.yaml:37:17: spec.faults[0].with.number: expected a whole number, got the text "8080"`,
				`scenario.yaml:38:19: spec.faults[0].with.unsigned: expected a whole number, got the number 256`,
				`scenario.yaml:39:16: spec.faults[0].with.ratio must be 0 to 1, not 1.5`,
				`scenario.yaml:40:15: spec.faults[0].with.flag: expected true or false, got the text "yes"`,
				`scenario.yaml:41:16: spec.faults[0].with.plain: the number 90 is no duration: write it with a unit, for example 90s or 15m`,
				`scenario.yaml:42:15: spec.faults[0].with.wait: bad duration "ninety": write it with a unit, for example 90s or 15m`,
				`scenario.yaml:43:15: spec.faults[0].with.mode: "fst" is not one of fast, slow (did you mean "fast"?)`,
				`scenario.yaml:44:15: spec.faults[0].with.list: expected a list, got the text "a"`,
				`scenario.yaml:45:18: spec.faults[0].with.map.a: expected a whole number, got the text "b"`,
				`scenario.yaml:46:19: spec.faults[0].with.nested[0]: unknown field "ap" (did you mean "app"?)`,
				`scenario.yaml:47:9: spec.faults[0].with: unknown field "untagged" (known: text, number, unsigned, ratio, flag, plain, wait, mode, list, map, nested, free)`,
			},
		},
		{
			name: "the parameters' own rules", into: &latency{}, params: "\n      with: {above: 1s, below: 2s}",
			want: []string{
				`scenario.yaml:35:7: spec.faults[0].with: above and below exclude each other`,
				`scenario.yaml:35:7: spec.faults[0].with: choose one`,
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := scenario.DecodeParams(scenario.FileName, with(t, test.params), test.into).Error()
			if diff := cmp.Diff(strings.Join(test.want, "\n"), got); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParamsAsJSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(with(t, "\n      with: {list: [1, a], map: {b: true}}"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"list":[1,"a"],"map":{"b":true}}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// badTags has one mistake in every field.
type badTags struct {
	Undocumented string            `yaml:"undocumented"`
	Default      int               `yaml:"default" doc:"x" default:"two"`
	Outside      int               `yaml:"outside" doc:"x" default:"2" min:"3"`
	Both         string            `yaml:"both" doc:"x" default:"a" required:"true"`
	Bound        scenario.Duration `yaml:"bound" doc:"x" min:"3"`
	Format       string            `yaml:"format" doc:"x" format:"dns"`
}

func TestCheckTags(t *testing.T) {
	t.Parallel()
	if err := scenario.CheckTags(kinds()); err != nil {
		t.Errorf("good tags: %v", err)
	}
	err := scenario.CheckTags(scenario.Kinds{Checks: []scenario.KindDoc{{Name: "bad", Doc: "x", Params: &badTags{}}}})
	if err == nil {
		t.Fatal("bad tags were accepted")
	}
	for _, want := range []string{
		"check bad.undocumented has no doc tag", `check bad.default: the default "two" does not fit`, "check bad.outside: the default breaks",
		"check bad.both is required and has a default", `check bad.bound: the bound "3" does not fit`, `check bad.format: unknown format "dns"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

func TestDurationText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"90s": "1m30s", "15m": "15m", "1h": "1h", "1h30m": "1h30m", "0s": "0s", "1500ms": "1.5s", "10m0s": "10m"} {
		var d scenario.Duration
		if err := d.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if d.String() != want {
			t.Errorf("%s is written %s, want %s", text, d, want)
		}
	}
	for _, text := range []string{"", "15", "-1s", "1d"} {
		var d scenario.Duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	known := []string{"podsReady", "nodeReady", "http"}
	for got, want := range map[string]string{
		"podReady": "podsReady", "PODSREADY": "podsReady", "nodReady": "nodeReady", "htpt": "http", "xyz": "", "": "", strings.Repeat("p", 500): "",
	} {
		if suggested := scenario.Suggest(got, known); suggested != want {
			t.Errorf("%q: got %q, want %q", got, suggested, want)
		}
	}
}

// FuzzLoad: no input makes the loader panic, and what it accepts, it accepts again.
func FuzzLoad(f *testing.F) {
	for _, file := range []string{"testdata/good/queue-full/scenario.yaml", "testdata/bad/ten-mistakes/scenario.yaml"} {
		seed, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	for _, seed := range []string{"", "a: &x [*x]", "a: ${b} $${c} ${", "? [a]: b\n: c", "<<: *a", "- - - a", "a: !!int \"x\"", "%YAML 1.2\n---\na", "a: |+2\n  b", "{a: {b: [", "\xff\xfe"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		folder := memory(src)
		entry := scenario.Entry{Name: "queue-full", FS: folder}
		loaded, err := entry.Lint(kinds())
		if err == nil && loaded == nil {
			t.Error("neither a folder nor an error")
		}
		_, again := entry.Lint(kinds())
		if (err == nil) != (again == nil) || (err != nil && err.Error() != again.Error()) {
			t.Errorf("first %v, then %v", err, again)
		}
	})
}
