package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// FileName is the file that makes a folder a scenario.
const FileName = "scenario.yaml"

// Folder is a scenario with its files: what a run needs, variables chosen.
type Folder struct {
	FS         fs.FS // rooted at the scenario's folder
	Scenario   *Scenario
	Vars       map[string]string // every variable's value, namespace, node and run included
	Variant    string            // "" when the scenario has none
	Solutions  []Script          // solutions/*.sh, by name
	WrongFixes []Script          // wrong-fixes/*.sh, by name

	body ast.Node // of scenario.yaml, for the places of problems that are found later
}

// Load reads a scenario's folder. What is wrong in its text is an error of type
// Problems, all at once; the folder then holds what could be read (nil when nothing
// could), so that CheckKinds can add its own problems before a person sees any.
// Any other error says that the folder could not be read.
func Load(fsys fs.FS, vars Vars) (*Folder, error) { return load(fsys, "", vars) }

// load is Load for a folder whose name is known, or "".
func load(fsys fs.FS, name string, vars Vars) (*Folder, error) {
	src, err := fs.ReadFile(fsys, FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Problems{{File: FileName, Message: "is not there: a scenario is a folder that holds one"}}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", FileName, err)
	}
	body, problems := parseScenario(src)
	if body == nil {
		return nil, append(problems, beside(fsys)...).Err()
	}
	l := &loader{folder: &Folder{FS: fsys, Scenario: &Scenario{}, body: body}, name: name, body: body, used: map[string]bool{}}
	l.scenario(src, vars)
	if err := l.files(); err != nil {
		return nil, err
	}
	l.scripts()
	l.document()
	return l.folder, l.problems.Err()
}

func parseScenario(src []byte) (ast.Node, Problems) {
	bodies, problems := parseDocuments(FileName, src)
	switch {
	case len(problems) > 0:
		return nil, problems
	case len(bodies) == 0:
		return nil, Problems{{File: FileName, Message: "is empty"}}
	case len(bodies) > 1:
		at := positionOf(bodies[1])
		return nil, Problems{{FileName, at.line, at.column, "holds a second document: a scenario is one"}}
	}
	return bodies[0], nil
}

// loader collects a folder and all that is wrong with it.
type loader struct {
	folder   *Folder
	name     string // of the folder, or ""
	body     ast.Node
	problems Problems
	used     map[string]bool // names of the variables that something uses
	alone    bool            // scenario.yaml cannot be read: what it says is not known
}

// scenario decodes scenario.yaml, its variables expanded.
func (l *loader) scenario(src []byte, vars Vars) {
	l.folder.Vars = vars.values(l.body)
	l.folder.Variant = l.folder.Vars[VarVariant]
	become(l.body, l.folder.Variant)
	l.folder.Vars[VarBuild] = build(l.body, vars.Program, l.folder.Vars)
	e := &expander{
		decoder: decoder{file: FileName},
		lines:   strings.Split(string(src), "\n"),
		values:  l.folder.Vars,
		used:    l.used,
		node:    breaksNode(l.body),
	}
	e.expand(l.body, "")
	d := &decoder{file: FileName}
	d.value(l.body, "", positionOf(l.body), valueOf(l.folder.Scenario))
	l.problems = slices.Concat(l.problems, e.problems, d.problems)
}

// breaksNode reads only spec.breaksNode, whether ${node} has a value.
func breaksNode(body ast.Node) bool {
	n, ok := child(child(body, "spec"), "breaksNode").(*ast.BoolNode)
	return ok && n.Value
}

// File returns a file of the folder, variables expanded. A variable that is not
// defined is an error with its position. A file that is no text is returned as it is.
func (f *Folder) File(name string) ([]byte, error) {
	src, err := fs.ReadFile(f.FS, path.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("read the scenario's file %s: %w", name, err)
	}
	text, _, problems := f.expandFile(name, src)
	return []byte(text), problems.Err()
}

// has says whether the folder holds a file.
func (f *Folder) has(file string) bool {
	info, err := fs.Stat(f.FS, path.Clean(file))
	return err == nil && info.Mode().IsRegular()
}

// streams lists the names of the users' streams.
func (f *Folder) streams() []string {
	names := make([]string, 0, len(f.Scenario.Spec.Traffic))
	for _, stream := range f.Scenario.Spec.Traffic {
		names = append(names, stream.Name)
	}
	return names
}

// Told returns the variables that a journal may hold: those without a credential.
func (f *Folder) Told() map[string]string {
	told := maps.Clone(f.Vars)
	for _, v := range f.Scenario.Spec.Variables {
		if v.Secret {
			delete(told, v.Name)
		}
	}
	return told
}

// Env returns the folder's variables as a script's environment has them, sorted:
// NAMESPACE=..., NODE=..., RUN=..., ORDER_SIZE=...
func (f *Folder) Env() []string {
	env := make([]string, 0, len(f.Vars))
	for _, name := range slices.Sorted(maps.Keys(f.Vars)) {
		env = append(env, EnvName(name)+"="+f.Vars[name])
	}
	return env
}

func (f *Folder) expandFile(name string, src []byte) (string, []use, Problems) {
	if !utf8.Valid(src) {
		return string(src), nil, nil
	}
	text, uses := expand(string(src), f.Vars)
	var problems Problems
	for _, u := range uses {
		if _, known := f.Vars[u.name]; !known {
			at := positionAt(string(src), u.offset)
			problems = append(problems, Problem{name, at.line, at.column, unknownVariable(u.name, f.Vars)})
		}
	}
	return text, uses, problems
}

// positionAt returns the position of a byte of a text.
func positionAt(text string, offset int) position {
	before := text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return position{strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1}
}
