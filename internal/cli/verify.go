package cli

import (
	"fmt"

	"github.com/firedrill/firedrill/internal/drill"
)

// verified is what "report --verify -o json" prints of a journal that is whole.
type verified struct {
	Run     string `json:"run"`
	Whole   bool   `json:"whole"`
	Entries int64  `json:"entries"`
	Sealed  bool   `json:"sealed"` // false: lines missing at the end could not be told
	Hash    string `json:"hash"`   // stands for the whole journal
}

func (f *Factory) verifyJournal(r *openRun, output string) error {
	v, err := r.journal.Verify()
	if err != nil {
		return fmt.Errorf("run %s: %w", r.name(), err)
	}
	if output == outputJSON {
		return f.printJSON(verified{Run: r.name(), Whole: true, Entries: v.Entries, Sealed: v.Sealed, Hash: v.Hash})
	}
	sealed := "sealed"
	if !v.Sealed {
		sealed = "not sealed: the run is not over, and entries missing at the end could not be told"
		if r.Phase == drill.PhaseFinished {
			sealed = "not sealed, though the run is over: entries missing at the end could not be told"
		}
	}
	return f.Printf("%s: the journal is whole, %d entries, %s\n", r.name(), v.Entries, sealed)
}

// verifyRun tells what was done to the journal of a run by hand; nil when nothing was.
func (f *Factory) verifyRun(name string) error {
	r, err := f.openRun(name)
	if err != nil {
		return err
	}
	_, err = r.journal.Verify()
	return err
}
