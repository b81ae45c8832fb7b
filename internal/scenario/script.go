package scenario

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Script is a solution or a wrong fix: a shell script that acts as a trainee would.
type Script struct {
	Name        string   `json:"name"`               // the file's, without .sh
	Path        string   `json:"path"`               // in the scenario's folder
	Description string   `json:"description"`        // its first comment line
	Refused     string   `json:"refused,omitempty"`  // wrong fix: the safeguard, or recovery:<check id>, that refuses it
	Variants    []string `json:"variants,omitempty"` // those it is for; none: every one

	refusedLine, variantsLine int
}

// RefusedByRecovery begins the Refused of a wrong fix that no safeguard names: it is
// refused because the check whose ID follows never passes.
const RefusedByRecovery = "recovery:"

// How many scripts prove a scenario: its checks accept more than one way to repair,
// and refuse the obvious ways to cheat.
const (
	minSolutions         = 2
	minWrongFixes        = 3
	minWrongFixesVariant = 2 // of each variant, where there are some
)

// script reads one script. What it says of itself is checked here, whom it names in
// scripts.
func (l *loader) script(name string, src []byte) {
	wrong := func(line int, format string, args ...any) {
		l.problems = append(l.problems, Problem{name, line, min(line, 1), fmt.Sprintf(format, args...)})
	}
	dir, rest, _ := strings.Cut(name, "/")
	if strings.Contains(rest, "/") || path.Ext(rest) != ".sh" {
		wrong(0, "is no script: %s/ holds only *.sh files", dir)
		return
	}
	script := Script{Name: strings.TrimSuffix(rest, ".sh"), Path: name}
	lines := strings.Split(string(src), "\n")
	if !strings.HasPrefix(lines[0], "#!") {
		wrong(1, "has no shebang: begin with #!/bin/sh")
	}
	script.read(lines)
	switch {
	case script.Description == "":
		wrong(1, "has no description: write one comment line below the shebang, saying what is done and why")
	case dir == solutionsDir && script.refusedLine > 0:
		wrong(script.refusedLine, "a solution is not refused: this line belongs to wrong-fixes/")
	case dir == wrongFixesDir && script.refusedLine == 0:
		wrong(1, "has no line %q: name the safeguard that refuses it, or %s<check id>", "# refused: <safeguard>", RefusedByRecovery)
	}
	l.scriptUses(string(src))
	if !l.forVariant(script) {
		return
	}
	if dir == solutionsDir {
		l.folder.Solutions = append(l.folder.Solutions, script)
	} else {
		l.folder.WrongFixes = append(l.folder.WrongFixes, script)
	}
}

// read takes the description and the refusal from the comments at the script's head.
func (s *Script) read(lines []string) {
	for i, line := range lines {
		if i == 0 && strings.HasPrefix(line, "#!") {
			continue
		}
		line = strings.TrimSpace(line)
		text, comment := strings.CutPrefix(line, "#")
		if !comment && line != "" {
			return
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		refused, found := strings.CutPrefix(text, "refused:")
		variants, forSome := strings.CutPrefix(text, "variants:")
		switch {
		case forSome:
			s.Variants, s.variantsLine = strings.FieldsFunc(variants, func(r rune) bool { return r == ',' || r == ' ' }), i+1
		case found && s.refusedLine == 0:
			s.Refused, s.refusedLine = strings.TrimSpace(refused), i+1
		case !found && s.Description == "" && !strings.HasPrefix(text, "shellcheck "):
			s.Description = text
		}
	}
}

var environmentUse = regexp.MustCompile(`\$\{?([A-Z][A-Z0-9_]*)`)

// scriptUses notes the variables that a script takes from its environment.
func (l *loader) scriptUses(src string) {
	for _, match := range environmentUse.FindAllStringSubmatch(src, -1) {
		for name := range l.folder.Vars {
			if EnvName(name) == match[1] {
				l.use(name)
			}
		}
	}
}

// scripts holds what wrong fixes name against the scenario.
func (l *loader) scripts() {
	names, ids := refusals(l.folder.Scenario.Spec)
	for _, script := range l.folder.WrongFixes {
		if script.refusedLine == 0 {
			continue
		}
		what, name, known := "safeguard", script.Refused, names
		if id, byRecovery := strings.CutPrefix(script.Refused, RefusedByRecovery); byRecovery {
			what, name, known = "recovery check", strings.TrimSpace(id), ids
		}
		if !slices.Contains(known, name) {
			message := fmt.Sprintf("unknown %s %q%s", what, name, didYouMean(name, known))
			l.problems = append(l.problems, Problem{script.Path, script.refusedLine, 1, message})
		}
	}
	l.enough(solutionsDir, len(l.folder.Solutions), minSolutions)
	needed := minWrongFixes
	if l.folder.Variant != "" {
		needed = minWrongFixesVariant
	}
	l.enough(wrongFixesDir, len(l.folder.WrongFixes), needed)
}

// refusals lists what may refuse a wrong fix: safeguards, and recovery checks.
func refusals(spec Spec) (safeguards, checks []string) {
	for _, s := range spec.Safeguards {
		safeguards = append(safeguards, s.Name)
	}
	for _, c := range spec.Recovery.Checks {
		checks = append(checks, c.ID)
	}
	return safeguards, checks
}

func (l *loader) enough(dir string, found, needed int) {
	if found < needed && l.folder.Variant != "" {
		l.problems = append(l.problems, Problem{File: dir, Message: fmt.Sprintf("holds %d scripts for variant %s, and at least %d prove it", found, l.folder.Variant, needed)})
	} else if found < needed {
		l.problems = append(l.problems, Problem{File: dir, Message: fmt.Sprintf("holds %d scripts, and at least %d prove the scenario", found, needed)})
	}
}

// Text returns a script's text.
func (f *Folder) Text(s Script) ([]byte, error) {
	src, err := fs.ReadFile(f.FS, s.Path)
	if err != nil {
		return nil, fmt.Errorf("read the script %s: %w", s.Path, err)
	}
	return src, nil
}
