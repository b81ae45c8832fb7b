package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Entry is one scenario that can be started: a folder that is not read yet.
type Entry struct {
	Name     string // the folder's
	Dir      string // where problems say it is: scenarios/oomkilled, or a path of this machine
	FS       fs.FS  // rooted at the folder
	Own      bool   // it is in a folder of this machine, not embedded
	Replaces bool   // it is one's own and hides an embedded one of the same name
}

// Catalogue is every scenario there is.
type Catalogue struct {
	entries []Entry
}

// embeddedDir is how problems name the folder of the embedded scenarios: as in the
// source tree.
const embeddedDir = "scenarios"

// NewCatalogue lists the scenarios that are embedded (one folder each) and those in
// one's own folders, of which the later ones win over the earlier ones and over the
// embedded ones. A folder of one's own may be a scenario itself.
func NewCatalogue(embedded fs.FS, own ...string) (*Catalogue, error) {
	c := &Catalogue{}
	if err := c.addAll(embedded, embeddedDir, false); err != nil {
		return nil, err
	}
	for _, dir := range own {
		if isScenario(os.DirFS(dir)) {
			entry, err := Open(dir)
			if err != nil {
				return nil, err
			}
			c.add(entry, true)
			continue
		}
		if err := c.addAll(os.DirFS(dir), dir, true); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(c.entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return c, nil
}

func (c *Catalogue) addAll(fsys fs.FS, dir string, own bool) error {
	folders, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return fmt.Errorf("list the scenarios in %s: %w", dir, err)
	}
	for _, folder := range folders {
		sub, err := fs.Sub(fsys, folder.Name())
		if err != nil {
			return fmt.Errorf("open the scenario %s in %s: %w", folder.Name(), dir, err)
		}
		if isScenario(sub) {
			c.add(Entry{Name: folder.Name(), Dir: path.Join(filepath.ToSlash(dir), folder.Name()), FS: sub, Own: own}, own)
		}
	}
	return nil
}

func (c *Catalogue) add(entry Entry, own bool) {
	i := slices.IndexFunc(c.entries, func(e Entry) bool { return e.Name == entry.Name })
	if i < 0 {
		c.entries = append(c.entries, entry)
		return
	}
	entry.Replaces = own
	c.entries[i] = entry
}

func isScenario(fsys fs.FS) bool {
	info, err := fs.Stat(fsys, FileName)
	return err == nil && info.Mode().IsRegular()
}

// List returns the scenarios by name.
func (c *Catalogue) List() []Entry { return slices.Clone(c.entries) }

// Get returns a scenario by its name. One that is not there is a NotFoundError.
func (c *Catalogue) Get(name string) (Entry, error) {
	names := make([]string, 0, len(c.entries))
	for _, entry := range c.entries {
		if entry.Name == name {
			return entry, nil
		}
		names = append(names, entry.Name)
	}
	return Entry{}, &NotFoundError{Name: name, Suggestion: Suggest(name, names)}
}

// NotFoundError says that there is no scenario of a name.
type NotFoundError struct {
	Name       string
	Suggestion string // "" when none is near
}

func (e *NotFoundError) Error() string {
	if e.Suggestion == "" {
		return fmt.Sprintf("unknown scenario %q: firedrill list shows them all", e.Name)
	}
	return fmt.Sprintf("unknown scenario %q (did you mean %q?)", e.Name, e.Suggestion)
}

// Open returns the scenario in a folder of this machine.
func Open(dir string) (Entry, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return Entry{}, fmt.Errorf("open the scenario %s: %w", dir, err)
	}
	info, err := os.Stat(full)
	if err != nil {
		return Entry{}, fmt.Errorf("open the scenario: %w", err)
	}
	if !info.IsDir() {
		return Entry{}, fmt.Errorf("open the scenario %s: it is no folder", dir)
	}
	return Entry{Name: filepath.Base(full), Dir: filepath.ToSlash(filepath.Clean(dir)), FS: os.DirFS(full), Own: true}, nil
}

// OpenAll returns the scenario in a folder, or, when the folder holds scenarios'
// folders, all of them by name.
func OpenAll(dir string) ([]Entry, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the scenarios in %s: %w", dir, err)
	}
	var entries []Entry
	if !isScenario(os.DirFS(dir)) {
		for _, sub := range found {
			path := filepath.Join(dir, sub.Name())
			if !isScenario(os.DirFS(path)) {
				continue
			}
			entry, err := Open(path)
			if err != nil {
				return nil, err
			}
			entries = append(entries, entry)
		}
	}
	if len(entries) > 0 {
		return entries, nil
	}
	entry, err := Open(dir)
	return []Entry{entry}, err
}

// Load is Load for this scenario; it holds the scenario's name against its folder's,
// too, and problems say where the folder is.
func (e Entry) Load(vars Vars) (*Folder, error) {
	folder, err := load(e.FS, e.Name, vars)
	return folder, e.located(err)
}

// Check loads the scenario and holds it against the kinds there are: the problems of
// text and of kinds together.
func (e Entry) Check(vars Vars, kinds Kinds) (*Folder, error) {
	folder, err := load(e.FS, e.Name, vars)
	var problems Problems
	if err != nil && !errors.As(err, &problems) {
		return nil, e.located(err)
	}
	if folder != nil {
		problems = append(problems, folder.CheckKinds(kinds)...)
	}
	return folder, e.located(problems.Err())
}

// Lint is Check for every variant with every value of every variable: a name that is
// wrong only with one of them is found before the seed that chooses it.
func (e Entry) Lint(kinds Kinds) (*Folder, error) {
	folder, err := e.Check(Vars{}, kinds)
	var problems Problems
	if err != nil && !errors.As(err, &problems) {
		return nil, err
	}
	if folder == nil {
		return nil, err
	}
	problems = append(problems, folder.gradable().In(e.Dir)...)
	for _, values := range choices(folder.Scenario.Spec) {
		var more Problems
		checked, err := e.Check(Vars{Values: values}, kinds)
		if err != nil && !errors.As(err, &more) {
			return nil, err
		}
		if checked != nil {
			more = append(more, checked.gradable().In(e.Dir)...)
		}
		problems = append(problems, more...)
	}
	return folder, problems.Err()
}

// choices are values of the variables: in each variant every value of every variable
// occurs, the variables side by side, not each with each of another.
func choices(spec Spec) []map[string]string {
	variants := []Variant{{}}
	if len(spec.Variants) > 0 {
		variants = spec.Variants
	}
	most := 1
	for _, v := range spec.Variables {
		most = max(most, len(v.OneOf))
	}
	var all []map[string]string
	for _, variant := range variants {
		for i := range most {
			values := map[string]string{VarVariant: variant.Name}
			for _, v := range spec.Variables {
				if len(v.OneOf) > 0 {
					values[v.Name] = v.OneOf[i%len(v.OneOf)]
				}
			}
			all = append(all, values)
		}
	}
	return all
}

func (e Entry) located(err error) error {
	var problems Problems
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problems):
		return problems.In(e.Dir).Err()
	}
	return fmt.Errorf("%s: %w", e.Dir, err)
}
