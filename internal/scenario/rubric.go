package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Diagnosis is the right answer to "what was wrong", with wrong ones beside it.
type Diagnosis struct {
	Class       string      `yaml:"class" doc:"Class of the cause, as a reviewer would name it." enum:"application,configuration,infrastructure,deployment,network,capacity" required:"true"`
	AlsoClass   []string    `yaml:"alsoClass" doc:"Classes that count as right as well, where reviewers differ."`
	Object      string      `yaml:"object" doc:"The object at fault as kind/name, for example deployment/${app}." max:"120" required:"true"`
	Mechanism   string      `yaml:"mechanism" doc:"How it does its harm, in one sentence." max:"160" required:"true"`
	Distractors Distractors `yaml:"distractors" doc:"Wrong answers that somebody could believe: at least three of each. A variant's hold the other variants' right ones." required:"true"`
}

// Distractors are the wrong answers that firedrill diagnose offers beside the right one.
type Distractors struct {
	Object    []string `yaml:"object" doc:"Objects that are not at fault." required:"true"`
	Mechanism []string `yaml:"mechanism" doc:"Mechanisms that are not at work." required:"true"`
}

// Rubric says how an expert goes about the incident. It has no influence on the verdict.
type Rubric struct {
	Signals     []Signal  `yaml:"signals" doc:"What an expert reads, in the order in which it pays. What is read before the first write earns all of its points." required:"true"`
	Decision    *Decision `yaml:"decision" doc:"Which kind of change is the right one here: roll back, scale, or put right in place."`
	Precautions []Match   `yaml:"precautions" doc:"Changes that an expert makes before looking further, for example to cordon a node: they are not the first write."`
	MayBreak    []string  `yaml:"mayBreak" doc:"Safeguards that a careful repair breaks on its way and mends again, for example the one that sees a cordoned node."`
	Unsafe      []Unsafe  `yaml:"unsafe" doc:"What nobody does here who knows what it may cost. Each costs like a safeguard that was broken on the way, also when all ended well."`
	Production  []string  `yaml:"production" doc:"What production-grade looks like for this incident: one sentence each, shown in the report."`
}

// Unsafe is something that must not be done on the way.
type Unsafe struct {
	Sentence string  `yaml:"sentence" doc:"What it may cost, in one sentence." max:"240" required:"true"`
	Match    []Match `yaml:"match" doc:"The actions that do it, from the page to the verdict: one of them is enough." required:"true"`
}

// Signal is one thing to read, and what it tells.
type Signal struct {
	Name     string  `yaml:"name" doc:"Unique in the rubric." format:"dns-label" max:"40" required:"true"`
	Sentence string  `yaml:"sentence" doc:"What it tells, in one sentence." max:"200" required:"true"`
	Match    []Match `yaml:"match" doc:"The actions that read it: one of them is enough." required:"true"`
	Weight   int     `yaml:"weight" doc:"How much it counts beside the others." default:"1" min:"1" max:"5"`
}

// Match says which events of the timeline count. Every field that is given must fit.
type Match struct {
	Verbs     []string `yaml:"verbs" doc:"As docs/audit.md tells them: get, describe, logs, events, top, rollout history, exec ..."`
	Resources []string `yaml:"resources" doc:"Plural, as kubectl api-resources lists them: pods, deployments, nodes."`
	Name      string   `yaml:"name" doc:"The object's name, or the beginning of it before a dash. A list of all objects counts as well."`
	Namespace string   `yaml:"namespace" doc:"The object's namespace; left out: the run's. A list of all namespaces counts as well."`
	One       bool     `yaml:"one" doc:"Only of an object by its name, not a list of all."`
	Previous  bool     `yaml:"previous" doc:"Only logs of the container before the last restart."`
	Detail    string   `yaml:"detail" doc:"Regular expression that the event's detail or sentence contains, for example psql of an exec."`
	Shell     string   `yaml:"shell" doc:"Regular expression that a command typed in a node contains, for example journalctl. It stands without verbs."`
}

// Decision is the kind of change that an expert makes.
type Decision struct {
	Sentence string  `yaml:"sentence" doc:"Why it is the right one, in one sentence." max:"240" required:"true"`
	Match    []Match `yaml:"match" doc:"The changes that carry it out: one of them is enough." required:"true"`
}

// Classes lists the classes of causes, in the order in which they are offered.
func Classes() []string {
	return []string{"application", "configuration", "infrastructure", "deployment", "network", "capacity"}
}

// Options are the answers that a trainee chooses from. They do not tell the right one.
type Options struct {
	Classes    []string `json:"classes"`
	Objects    []string `json:"objects"`
	Mechanisms []string `json:"mechanisms"`
}

// Options returns the right answer among the wrong ones, in an order drawn by the run's
// seed: the same on every machine.
func (d *Diagnosis) Options(seed int64) Options {
	return Options{
		Classes:    Classes(),
		Objects:    shuffled(seed, append([]string{d.Object}, d.Distractors.Object...)),
		Mechanisms: shuffled(seed, append([]string{d.Mechanism}, d.Distractors.Mechanism...)),
	}
}

// shuffled orders texts by the hash of the seed and the text.
func shuffled(seed int64, texts []string) []string {
	key := func(text string) string {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", seed, text))
		return hex.EncodeToString(sum[:])
	}
	slices.SortFunc(texts, func(a, b string) int { return strings.Compare(key(a), key(b)) })
	return texts
}

// RightClass tells whether a class counts as right.
func (d *Diagnosis) RightClass(class string) bool {
	return class == d.Class || slices.Contains(d.AlsoClass, class)
}

// verbs are those of docs/audit.md, and of a shell on a node.
var verbs = []string{ //nolint:gochecknoglobals // a constant table
	"annotate", "api-resources", "api-versions", "apply", "attach", "auth can-i", "auth whoami", "autoscale", "certificate", "cluster-info", "cordon", "cp", "create", "create token", "debug",
	"delete", "deletecollection", "describe", "diff", "drain", "edit", "events", "evict", "exec", "explain", "expose", "get", "label", "logs", "patch", "port-forward", "proxy",
	"replace", "rollout history", "rollout pause", "rollout restart", "rollout resume", "rollout status", "rollout undo",
	"run", "scale", "set", "ssh", "taint", "top", "uncordon", "update", "version", "wait", "watch",
}

// grading holds the diagnosis and the rubric against what no tag can say.
func (d *document) grading() {
	spec := d.scenario.Spec
	if spec.Diagnosis != nil {
		d.diagnosis(spec.Diagnosis)
	}
	if spec.Rubric == nil {
		return
	}
	uniqueNames(d, "name", spec.Rubric.Signals, func(s Signal) string { return s.Name }, "spec", "rubric", "signals")
	for i, signal := range spec.Rubric.Signals {
		d.matches(signal.Match, "spec", "rubric", "signals", i, "match")
	}
	if spec.Rubric.Decision != nil {
		d.matches(spec.Rubric.Decision.Match, "spec", "rubric", "decision", "match")
	}
	d.matches(spec.Rubric.Precautions, "spec", "rubric", "precautions")
	for i, unsafe := range spec.Rubric.Unsafe {
		d.matches(unsafe.Match, "spec", "rubric", "unsafe", i, "match")
	}
	var known []string
	for _, s := range spec.Safeguards {
		known = append(known, s.Name)
	}
	for i, name := range spec.Rubric.MayBreak {
		if !slices.Contains(known, name) {
			d.wrong([]any{"spec", "rubric", "mayBreak", i}, "unknown safeguard %q%s", name, didYouMean(name, known))
		}
	}
}

func (d *document) diagnosis(diagnosis *Diagnosis) {
	for i, class := range diagnosis.AlsoClass {
		if !slices.Contains(Classes(), class) {
			d.wrong([]any{"spec", "diagnosis", "alsoClass", i}, "%q is not one of %s", class, strings.Join(Classes(), ", "))
		}
	}
	for _, list := range []struct {
		name, right string
		wrong       []string
	}{
		{"object", diagnosis.Object, diagnosis.Distractors.Object},
		{"mechanism", diagnosis.Mechanism, diagnosis.Distractors.Mechanism},
	} {
		for i, text := range list.wrong {
			where := []any{"spec", "diagnosis", "distractors", list.name, i}
			switch {
			case text == list.right:
				d.wrong(where, "%q is the right answer", text)
			case slices.Index(list.wrong, text) < i:
				d.wrong(where, "%q is there twice", text)
			}
		}
	}
}

func (d *document) matches(all []Match, path ...any) {
	for i, m := range all {
		where := func(field ...any) []any { return append(append(slices.Clone(path), i), field...) }
		if len(m.Verbs) == 0 && m.Shell == "" {
			d.wrong(where(), "matches everything: give verbs, or shell")
		}
		if len(m.Verbs) > 0 && m.Shell != "" {
			d.wrong(where("shell"), "stands without verbs: what is typed in a node is no action of kubectl's")
		}
		for j, verb := range m.Verbs {
			if !slices.Contains(verbs, verb) {
				d.wrong(where("verbs", j), "unknown verb %q%s", verb, didYouMean(verb, verbs))
			}
		}
		for field, pattern := range map[string]string{"detail": m.Detail, "shell": m.Shell} {
			if _, err := regexp.Compile(pattern); err != nil {
				d.wrong(where(field), "is no regular expression: %s", err)
			}
		}
	}
}

// How much a rubric holds at least, before a scenario is more than a draft.
const (
	minDistractors = 3
	minSignals     = 4
)

// gradable reports what a scenario that is no draft lacks to be graded.
func (f *Folder) gradable() Problems {
	d := &document{decoder: decoder{file: FileName}, body: f.body, scenario: f.Scenario}
	spec := f.Scenario.Spec
	if f.Scenario.Metadata.Draft || slices.ContainsFunc(spec.Variants, func(v Variant) bool { return v.Draft && v.Name == f.Variant }) {
		return nil
	}
	if diagnosis := spec.Diagnosis; diagnosis == nil {
		d.wrong([]any{"spec"}, "diagnosis is missing: what was wrong, with wrong answers beside it (or metadata.draft: true)")
	} else {
		where := []any{"spec", "diagnosis", "distractors"}
		if n := len(diagnosis.Distractors.Object); n < minDistractors {
			d.wrong(append(slices.Clone(where), "object"), "holds %d wrong answers, and at least %d make a question", n, minDistractors)
		}
		if n := len(diagnosis.Distractors.Mechanism); n < minDistractors {
			d.wrong(append(slices.Clone(where), "mechanism"), "holds %d wrong answers, and at least %d make a question", n, minDistractors)
		}
	}
	if spec.Rubric == nil {
		d.wrong([]any{"spec"}, "rubric is missing: the signals that an expert would read, in order (or metadata.draft: true)")
	} else if n := len(spec.Rubric.Signals); n < minSignals {
		d.wrong([]any{"spec", "rubric", "signals"}, "holds %d signals, and at least %d show how somebody works", n, minSignals)
	}
	return d.problems
}
