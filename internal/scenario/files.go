package scenario

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// Folders of a scenario.
const (
	manifestsDir  = "manifests"
	solutionsDir  = "solutions"
	wrongFixesDir = "wrong-fixes"
)

func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml" || ext == ".json"
}

// files reads what stands beside scenario.yaml: manifests, scripts, and what faults
// name. It fails only when the folder cannot be read.
func (l *loader) files() error {
	found, err := l.walk()
	if err != nil {
		return err
	}
	l.manifests(found)
	for _, name := range l.folder.Scenario.Spec.Manifests {
		if found[name] {
			l.manifest(name)
		}
	}
	return nil
}

// beside tells what is wrong with the files of a folder whose scenario.yaml cannot be read,
// as far as it does not hang on what that says. A file that cannot be read is told of once
// scenario.yaml can be.
func beside(fsys fs.FS) Problems {
	l := &loader{folder: &Folder{FS: fsys, Scenario: &Scenario{}}, used: map[string]bool{}, alone: true}
	_, _ = l.walk()
	return l.problems
}

// walk reads each of the files, and returns their names.
func (l *loader) walk() (found map[string]bool, err error) {
	found = map[string]bool{}
	err = fs.WalkDir(l.folder.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read the scenario's folder: %w", err)
		}
		if !entry.Type().IsRegular() {
			l.leftOut(name, entry)
			return nil
		}
		if name == FileName {
			return nil
		}
		found[name] = true
		return l.file(name)
	})
	return found, err
}

// leftOut tells of what stands among scripts and manifests and is neither a file nor a
// folder: whoever put it there takes it for a part of the scenario.
func (l *loader) leftOut(name string, entry fs.DirEntry) {
	dir, _, _ := strings.Cut(name, "/")
	if entry.IsDir() || unread(name) || dir != solutionsDir && dir != wrongFixesDir && dir != manifestsDir {
		return
	}
	message := "is neither a file nor a folder, and is left out: put a file in its place"
	if entry.Type()&fs.ModeSymlink != 0 {
		message = "is a symbolic link, which is not followed: put a copy in its place"
	}
	l.problems = append(l.problems, Problem{File: name, Message: message})
}

// unread tells whether a file is none of the scenario's parts: a README, an editor's own.
func unread(name string) bool {
	return path.Ext(name) == ".md" || strings.HasPrefix(path.Base(name), ".")
}

// file reads one file of the folder.
func (l *loader) file(name string) error {
	dir, _, _ := strings.Cut(name, "/")
	script := dir == solutionsDir || dir == wrongFixesDir
	if unread(name) {
		return nil
	}
	src, err := fs.ReadFile(l.folder.FS, name)
	if err != nil {
		return fmt.Errorf("read the scenario's file %s: %w", name, err)
	}
	if script {
		l.script(name, src)
		return nil
	}
	text := l.expanded(name, src)
	if isYAML(name) && utf8.Valid(src) {
		_, bad := parseDocuments(name, []byte(text))
		l.problems = append(l.problems, bad...)
	}
	return nil
}

// expanded is a file's text with the variables' values in it, or a word in place of each
// where no values are known. What is wrong with their use is noted.
func (l *loader) expanded(name string, src []byte) string {
	if l.alone {
		return variableUse.ReplaceAllString(string(src), "x")
	}
	text, uses, problems := l.folder.expandFile(name, src)
	for _, u := range uses {
		l.use(u.name)
		if u.name == VarNode && !l.folder.Scenario.Spec.BreaksNode {
			at := positionAt(string(src), u.offset)
			problems = append(problems, Problem{name, at.line, at.column, nodeNotBroken})
		}
	}
	l.problems = append(l.problems, problems...)
	return text
}

const nodeNotBroken = "${node} has no value: spec.breaksNode is not true"

func (l *loader) use(name string) { l.used[name] = true }

// manifests finds the baseline's files: those that are listed, else all of the
// manifests folder.
func (l *loader) manifests(found map[string]bool) {
	spec := &l.folder.Scenario.Spec
	if len(spec.Manifests) == 0 {
		for name := range found {
			if path.Dir(name) == manifestsDir && isYAML(name) {
				spec.Manifests = append(spec.Manifests, name)
			}
		}
		slices.Sort(spec.Manifests)
		if len(spec.Manifests) == 0 {
			l.problems = append(l.problems, Problem{File: manifestsDir, Message: "holds no manifest (*.yaml): the baseline is empty"})
		}
		return
	}
	var names []string
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range spec.Manifests {
		if !found[name] {
			at := locate(l.body, "spec", "manifests", i)
			message := fmt.Sprintf("spec.manifests[%d]: there is no file %q in the scenario's folder%s", i, name, didYouMean(name, names))
			l.problems = append(l.problems, Problem{FileName, at.line, at.column, message})
		}
	}
}

// manifest holds the objects of a baseline's file against what the engine needs.
func (l *loader) manifest(name string) {
	src, err := l.folder.File(name)
	if err != nil {
		return // unknown variables, which file reported
	}
	bodies, problems := parseDocuments(name, src)
	if len(problems) == 0 && len(bodies) == 0 {
		l.problems = append(l.problems, Problem{File: name, Message: "holds no object"})
	}
	d := &decoder{file: name}
	for _, body := range bodies {
		d.manifestObject(body)
	}
	l.problems = append(l.problems, d.problems...)
}

func (d *decoder) manifestObject(body ast.Node) {
	at := positionOf(body)
	if _, ok := body.(ast.MapNode); !ok {
		d.problem(at, "expected a Kubernetes object, got %s", describe(body))
		return
	}
	for _, field := range [][]any{{"apiVersion"}, {"kind"}, {"metadata", "name"}} {
		node := body
		for _, key := range field {
			node = child(node, key.(string))
		}
		if text, ok := textOf(node); !ok || text == "" {
			d.problem(locate(body, field...), "the object has no %s", pathText(field))
		}
	}
	if child(child(body, "metadata"), "namespace") != nil {
		d.problem(locate(body, "metadata", "namespace"), "metadata.namespace must not be set: every run has a namespace of its own")
	}
	if kind, _ := textOf(child(body, "kind")); unfit(kind) != "" {
		d.problem(locate(body, "kind"), "%s %s", kind, unfit(kind))
	}
}

// unfit says why a kind of object cannot be part of a baseline, or "".
func unfit(kind string) string {
	switch kind {
	case "List":
		return "is not supported: write its items as documents of their own"
	case "Namespace":
		return "must not be in a baseline: every run has a namespace of its own"
	case "APIService", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "IngressClass", "MutatingWebhookConfiguration", "Node",
		"PersistentVolume", "PriorityClass", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration":
		return "must not be in a baseline: it belongs to the whole cluster, and a drill stays in its namespace"
	}
	return ""
}
