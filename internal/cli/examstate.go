package cli

import (
	"crypto/sha256"
	"encoding/hex"
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
	runs []*readRun
	sum  string     // SHA-256 of its file, in hex
	file string     // the file's path
	odd  *drill.Run // the first run that was begun with another file; nil: none was

	ended bool // it was given up
}

// unedited refuses an exam whose file is not the one that its drills were begun with: its
// weights, its bar or its drills may be others. One that is not known was begun by an
// earlier version.
func (e *openExam) unedited() error {
	if e.odd == nil {
		return nil
	}
	return fmt.Errorf("the file of exam %s was edited since drill %d (%s) was begun: %s has SHA-256 %s, the run's journal has %s: put it back as it was",
		e.id, e.odd.ExamItem, e.odd.Created.Run, e.file, e.sum, e.odd.ExamSHA256)
}

// over tells whether every drill was decided, or is over without a verdict, or the exam was
// given up.
func (e *openExam) over() bool {
	if e.ended {
		return true
	}
	for _, run := range e.runs {
		if run == nil || !run.over() {
			return false
		}
	}
	return true
}

// over tells whether a run of an exam was decided, is over without a verdict, or is damaged:
// nobody knows what it would have come to.
func (r *readRun) over() bool {
	return r.damage != nil || r.Verdict != nil || r.Phase == drill.PhaseFinished
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
	runs, err := readAll(store)
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		if !run.begun {
			return nil, fmt.Errorf("%w (whether it belongs to an exam is not known: put its journal back as it was, or move %s away)", run.damage, store.Dir(run.name))
		}
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
		e, err := newOpenExam(dir.Name(), path, src, runs)
		if err != nil {
			return nil, err
		}
		_, err = os.Stat(filepath.Join(h.Exam(e.id), examEnded))
		e.ended = err == nil
		all = append(all, e)
	}
	return all, nil
}

// newOpenExam reads an exam's file and finds its runs.
func newOpenExam(id, path string, src []byte, runs []*readRun) (*openExam, error) {
	sum := sha256.Sum256(src)
	e := &openExam{id: id, file: path, sum: hex.EncodeToString(sum[:])}
	for _, run := range runs {
		if run.Exam == id && run.ExamSHA256 != "" && run.ExamSHA256 != e.sum {
			e.odd = run.Run
			break
		}
	}
	exam, err := scenario.ReadExam(path, src)
	if err != nil {
		return nil, errors.Join(e.unedited(), err)
	}
	e.exam, e.runs = exam, examRuns(id, exam, runs)
	return e, nil
}

// on tells whether an exam's drills are, or may be, on a cluster.
func (e *openExam) on(clusterID string) bool {
	for _, run := range e.runs {
		if run != nil && run.begun {
			return run.ClusterID == clusterID
		}
	}
	return true
}

// examRuns finds, for each drill, the run that counts.
func examRuns(id string, exam *scenario.Exam, runs []*readRun) []*readRun {
	found := make([]*readRun, len(exam.Scenarios))
	for i := range found {
		found[i] = itemOf(id, i+1, runs)
	}
	return found
}

// itemOf is the run of an exam's drill (1 is the first): the first one that was paged or is on
// its way there. One that never got to its page was the tool's failure.
func itemOf(exam string, item int, runs []*readRun) *readRun {
	for _, run := range runs {
		failed := run.PagedAt.IsZero() && run.Phase == drill.PhaseFinished
		if run.Exam == exam && run.ExamItem == item && !failed {
			return run
		}
	}
	return nil
}

// openExam finds an exam by its name; without one it is the one under way, or else the only
// one. One whose file was edited is refused.
func (f *Factory) openExam(id string) (*openExam, error) {
	e, err := f.findExam(id)
	if err != nil {
		return nil, err
	}
	return e, e.unedited()
}

func (f *Factory) findExam(id string) (*openExam, error) {
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

// mayAnswer refuses what tells the answers of a scenario, or of any (""), on a machine of trainees, while an exam is sat
// here, and while a run of it is graded.
func (f *Factory) mayAnswer(what, name string) error {
	if f.Getenv(envExam) != "" {
		return usageErrorf("%s is refused: %s is set on this machine", what, envExam)
	}
	store, err := f.store()
	if err != nil {
		return err
	}
	runs, err := readAll(store)
	if err != nil {
		return fmt.Errorf("%s: whether an exam is under way is not known: %w", what, err)
	}
	for _, run := range runs {
		if run.Unsat() {
			continue // the exam that it belongs to is asked below
		}
		if run.damage != nil && (!run.begun || run.InExam()) {
			return fmt.Errorf("%s: whether an exam is under way is not known: %w", what, run.damage)
		}
		if run.InExam() {
			return usageErrorf("%s is refused: run %s is an exam and not decided yet (firedrill end %s gives it up)", what, run.Created.Run, run.Created.Run)
		}
		if run.Hidden() && run.Scenario == name {
			return usageErrorf("%s is refused: run %s of %s is graded and not decided yet (firedrill end %s gives it up)", what, run.Created.Run, name, run.Created.Run)
		}
	}
	open, err := f.openExams() // also between two of its drills
	if err != nil {
		return fmt.Errorf("%s: whether an exam is under way is not known: %w", what, err)
	}
	if len(open) > 0 {
		return usageErrorf("%s is refused: exam %s is not over (firedrill exam next %s goes on with it, firedrill exam end %s gives it up)", what, open[0].id, open[0].id, open[0].id)
	}
	return nil
}
