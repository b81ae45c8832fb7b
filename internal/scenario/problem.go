package scenario

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Problem is one thing wrong in a scenario's text.
type Problem struct {
	File    string `json:"file"`             // relative to the scenario's folder, or as Problems.In gave it
	Line    int    `json:"line,omitempty"`   // from 1; 0 when the problem is of the file as a whole
	Column  int    `json:"column,omitempty"` // from 1, in characters
	Message string `json:"message"`
}

// String gives the problem as file:line:column: message.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is all that is wrong in a scenario's text. It is an error when it is not
// empty; see Err.
type Problems []Problem

// Error gives every problem, a line each, in the order of the text.
func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps))
	for _, p := range ps.Sorted() {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// Err returns the sorted problems as an error, or nil when there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps.Sorted()
}

// Sorted returns the problems in the order of the text, each once: scenario.yaml
// first, then the other files by name.
func (ps Problems) Sorted() Problems {
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(fileOrder(a.File), fileOrder(b.File)),
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(sorted)
}

// In returns the problems with their files' paths as seen from outside of the
// scenario's folder dir.
func (ps Problems) In(dir string) Problems {
	moved := slices.Clone(ps)
	for i := range moved {
		moved[i].File = path.Join(dir, moved[i].File)
	}
	return moved
}

func fileOrder(file string) int {
	if path.Base(file) == FileName {
		return 0
	}
	return 1
}
