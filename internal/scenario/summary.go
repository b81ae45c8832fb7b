package scenario

import (
	"fmt"
	"io/fs"
	"strings"
)

// Summary is what a list of scenarios shows.
type Summary struct {
	Name       string   `json:"name"`
	Draft      bool     `json:"draft,omitempty"` // not proven yet
	Title      string   `json:"title"`
	Family     string   `json:"family"` // the class of the cause: an answer, not for trainees
	Difficulty string   `json:"difficulty"`
	TimeLimit  Duration `json:"timeLimit"`
}

// summarised is the part of a scenario that a summary needs.
type summarised struct {
	Metadata struct {
		Draft bool   `yaml:"draft"`
		Title string `yaml:"title" required:"true"`
	} `yaml:"metadata" required:"true"`
	Spec struct {
		Family     string   `yaml:"family"`
		Difficulty string   `yaml:"difficulty"`
		TimeLimit  Duration `yaml:"timeLimit"`
	} `yaml:"spec" required:"true"`
}

// Summary reads only what a list shows. A scenario with problems elsewhere has one.
func (e Entry) Summary() (Summary, error) {
	src, err := fs.ReadFile(e.FS, FileName)
	if err != nil {
		return Summary{}, fmt.Errorf("read %s/%s: %w", e.Dir, FileName, err)
	}
	s, ok := summarise([]byte(outline(string(src))))
	if !ok {
		s, ok = summarise(src) // written in a way that the outline does not expect
	}
	if !ok {
		return Summary{}, fmt.Errorf("%s/%s cannot be read: firedrill lint %s says more", e.Dir, FileName, e.Dir)
	}
	return Summary{
		Name: e.Name, Draft: s.Metadata.Draft, Title: s.Metadata.Title, Family: s.Spec.Family, Difficulty: s.Spec.Difficulty, TimeLimit: s.Spec.TimeLimit,
	}, nil
}

// summarise reads a summary's fields, and says whether all are there.
func summarise(src []byte) (summarised, bool) {
	var s summarised
	bodies, problems := parseDocuments(FileName, src)
	if len(problems) > 0 || len(bodies) == 0 {
		return s, false
	}
	d := &decoder{file: FileName}
	d.value(bodies[0], "", position{}, valueOf(&s))
	return s, s.Metadata.Title != "" && s.Spec.Family != "" && s.Spec.Difficulty != "" && s.Spec.TimeLimit > 0
}

// outline empties the lines of what is nested more deeply than a summary's fields, so
// that a list of many scenarios need not parse them: every value that begins on the
// line of its key stays.
func outline(src string) string {
	lines := strings.Split(src, "\n")
	for i, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if indent > outlineIndent || strings.HasPrefix(strings.TrimLeft(line, " "), "- ") {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// outlineIndent is the indentation of a summary's fields, in spaces.
const outlineIndent = 2
