package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/firedrill/firedrill/internal/drill"
)

// verified is what "report --verify -o json" prints of a journal that is whole.
type verified struct {
	Run     string `json:"run"`
	Whole   bool   `json:"whole"`
	Entries int64  `json:"entries"`
	Sealed  bool   `json:"sealed"`            // false: lines missing at the end could not be told
	Hash    string `json:"hash"`              // stands for the whole journal
	Warning string `json:"warning,omitempty"` // why the end of one that is not sealed is doubtful
}

// verify tells what is known of the run's journal as it was read; the error says how it
// was edited. Nothing is written, and no referee is started, which would finish a journal
// that was cut off, and seal it.
func (f *Factory) verify(ctx context.Context, r *openRun) (verified, error) {
	v, err := r.journal.Verify()
	if err == nil && !v.Sealed && r.SealDue() {
		err = errors.New("the journal says that the run is over, and its seal is gone: it was edited, and its end may be another one")
	}
	if err != nil {
		return verified{}, fmt.Errorf("run %s: %w", r.name(), err)
	}
	told := verified{Run: r.name(), Whole: true, Entries: v.Entries, Sealed: v.Sealed, Hash: v.Hash}
	if v.Sealed || r.Phase == drill.PhaseFinished {
		return told, nil
	}
	held, err := r.store.Held(ctx, r.name())
	if err != nil || held {
		return told, err
	}
	told.Warning = "not over, or cut off: no referee is at work on it"
	if gone, err := f.clusterRemoved(r.Run); err == nil && gone {
		told.Warning += ", and its cluster is gone"
	}
	return told, nil
}

// printVerified tells a person, or a program, whether the journal was edited.
func (f *Factory) printVerified(ctx context.Context, r *openRun, output string) error {
	v, err := f.verify(ctx, r)
	if err != nil {
		return err
	}
	if output == outputJSON {
		return f.printJSON(v)
	}
	sealed := "sealed"
	switch {
	case v.Sealed:
	case r.Phase == drill.PhaseFinished:
		sealed = "not sealed, though the run is over: it was begun by a version that did not seal, and entries missing at the end could not be told"
	default:
		sealed = "not sealed: the run is not over, and entries missing at the end could not be told"
	}
	if err := f.Printf("%s: the journal is whole, %d entries, %s\n", v.Run, v.Entries, sealed); err != nil || v.Warning == "" {
		return err
	}
	return f.Printf("%s %s\n", f.IO.OutPalette().Yellow("warning:"), v.Warning)
}
