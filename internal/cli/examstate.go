package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/scenario"
)

// openExam is an exam with the runs of its drills: nil where none was begun.
type openExam struct {
	id   string
	exam *scenario.Exam
	runs []*drill.Run
}

// over tells whether every drill was decided, or is over without a verdict.
func (e *openExam) over() bool {
	for _, run := range e.runs {
		if run == nil || run.Verdict == nil && run.Phase != drill.PhaseFinished {
			return false
		}
	}
	return true
}

// openExams lists the exams that are not over, by name.
func (f *Factory) openExams() ([]*openExam, error) {
	all, err := f.exams()
	if err != nil {
		return nil, err
	}
	var open []*openExam
	for _, e := range all {
		if !e.over() {
			open = append(open, e)
		}
	}
	return open, nil
}

// exams reads every exam.
func (f *Factory) exams() ([]*openExam, error) {
	h, err := f.Home()
	if err != nil {
		return nil, err
	}
	dirs, err := os.ReadDir(h.Exams())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the exams: %w", err)
	}
	if len(dirs) == 0 {
		return nil, nil
	}
	store, err := f.store()
	if err != nil {
		return nil, err
	}
	runs, err := replayAll(store)
	if err != nil {
		return nil, err
	}
	var all []*openExam
	for _, dir := range dirs {
		path := filepath.Join(h.Exam(dir.Name()), examFile)
		src, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a folder whose file was never written is no exam
		}
		if err != nil {
			return nil, fmt.Errorf("read the exam %s: %w", dir.Name(), err)
		}
		exam, err := scenario.ReadExam(path, src)
		if err != nil {
			return nil, err
		}
		all = append(all, &openExam{id: dir.Name(), exam: exam, runs: examRuns(dir.Name(), exam, runs)})
	}
	return all, nil
}

// examRuns finds, for each drill, the run that counts: the first one that was paged or
// is on its way there. One that never got to its page was the tool's failure.
func examRuns(id string, exam *scenario.Exam, runs []*drill.Run) []*drill.Run {
	found := make([]*drill.Run, len(exam.Scenarios))
	for _, run := range runs {
		i := run.ExamItem - 1
		if run.Exam != id || i < 0 || i >= len(found) || found[i] != nil {
			continue
		}
		if run.PagedAt.IsZero() && run.Phase == drill.PhaseFinished {
			continue
		}
		found[i] = run
	}
	return found
}

// openExam finds an exam by its name; without one it is the one under way, or else the only one.
func (f *Factory) openExam(id string) (*openExam, error) {
	all, err := f.exams()
	if err != nil {
		return nil, err
	}
	var open []*openExam
	for _, e := range all {
		if id == e.id {
			return e, nil
		}
		if !e.over() {
			open = append(open, e)
		}
	}
	switch {
	case id != "":
		return nil, usageErrorf("no such exam: %q%s", id, knownExams(all))
	case len(open) == 1:
		return open[0], nil
	case len(all) == 1:
		return all[0], nil
	}
	return nil, usageErrorf("which exam? Name one%s, or begin with firedrill exam start FILE", knownExams(all))
}

func knownExams(all []*openExam) string {
	text := ""
	for _, e := range all {
		text += " " + e.id
	}
	if text == "" {
		return " (there are none yet)"
	}
	return " (known:" + text + ")"
}
