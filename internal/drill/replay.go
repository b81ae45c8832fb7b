package drill

import (
	"slices"
	"time"

	"github.com/firedrill/firedrill/internal/session"
)

// Replay reads a run out of its journal's entries.
func Replay(entries []session.Entry) (*Run, error) {
	r := &Run{Attempt: 1}
	for _, e := range entries {
		if err := r.apply(e); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Apply brings the run up to date with one more entry.
func (r *Run) Apply(e session.Entry) error { return r.apply(e) }

func (r *Run) apply(e session.Entry) error {
	r.LastSeq = e.Seq
	switch e.Type {
	case entryCreated:
		r.CreatedAt = e.Time
		return e.Decode(&r.Created)
	case entryPhase:
		return r.applyPhase(e)
	case entryCommand:
		var c Command
		err := e.Decode(&c)
		r.Asked = append(r.Asked, Asked{Verb: c.Verb, Seq: e.Seq})
		return err
	case entryIntent, entryInjected, entryReverted, entryBaseline:
		return r.applyFault(e)
	case entryPage:
		return r.applyPage(e)
	case entryActions:
		return r.applyActions(e)
	case entryUsers:
		r.applyUsers(e)
	case entryState:
		return r.applyState(e)
	case entryError:
		return r.applyError(e)
	case entryProof:
		return r.applyProof(e)
	case entryVerdict:
		r.Verdict = new(Verdict)
		return e.Decode(r.Verdict)
	default:
		return r.applyTold(e)
	}
	return nil
}

// applyTold takes what was told of a run: by its trainee, by its scenario, and of its clocks.
func (r *Run) applyTold(e session.Entry) error {
	switch e.Type {
	case entryHint:
		h := Hint{At: e.Time}
		err := e.Decode(&h)
		r.Hints = append(r.Hints, h)
		return err
	case entryUpdate:
		return r.applyUpdate(e)
	case entryClock:
		return r.applyClock(e)
	case entryGap:
		return appendDecoded(e, &r.Gaps)
	case entryGrading:
		r.Grading = new(Grading)
		return e.Decode(r.Grading)
	}
	return nil // an entry of a later version is history that this one cannot read
}

func (r *Run) applyUsers(e session.Entry) {
	r.Users, r.usersIn = e.Data, r.Phase
	if r.Verdict != nil && r.UsersFirst == nil {
		r.UsersFirst = e.Data
	}
}

func (r *Run) applyError(e session.Entry) error {
	var f Failure
	if err := e.Decode(&f); err != nil {
		return err
	}
	switch {
	case f.Watcher == actionsMissing:
		if warning := f.Watcher + ": " + f.Message; !slices.Contains(r.Warnings, warning) {
			r.Warnings = append(r.Warnings, warning)
		}
	case f.Watcher != "":
		if r.Unwatched == nil {
			r.Unwatched = map[string]string{}
		}
		r.Unwatched[f.Watcher] = f.Message
	case f.Webhook:
		r.Warnings = append(r.Warnings, f.Message)
	case f.Transient:
		r.Trouble = f.Message
	default:
		r.Failures = append(r.Failures, f.Message)
	}
	return nil
}

func appendDecoded[T any](e session.Entry, list *[]T) error {
	var v T
	if err := e.Decode(&v); err != nil {
		return err
	}
	*list = append(*list, v)
	return nil
}

func (r *Run) applyPhase(e session.Entry) error {
	var p PhaseChange
	if err := e.Decode(&p); err != nil {
		return err
	}
	if p.Attempt > r.Attempt { // a reset: a new clock on the same timeline
		r.State, r.Verdict, r.PagedAt, r.Page, r.Gaps = nil, nil, time.Time{}, "", nil
		r.Baseline, r.Injected, r.SetUp, r.FaultAt = nil, nil, nil, time.Time{}
		r.Broken, r.held, r.Users, r.UsersFirst, r.usersIn = nil, nil, nil, nil, ""
		r.Disturbed, r.disturbing, r.Grading = nil, time.Time{}, nil
	}
	r.Trouble, r.Unwatched = "", nil
	r.Phase, r.PhaseSince, r.Detail, r.Attempt = p.Phase, e.Time, p.Detail, max(p.Attempt, r.Attempt)
	r.Asked = slices.DeleteFunc(r.Asked, func(a Asked) bool { return a.Seq <= p.Command })
	if p.Phase == PhaseFinished {
		r.FinishedAt = e.Time
	}
	return nil
}

func (r *Run) applyFault(e session.Entry) error {
	var s Step
	switch e.Type {
	case entryIntent:
		err := appendDecoded(e, &r.Pending)
		if err == nil && r.FaultAt.IsZero() && !r.Pending[len(r.Pending)-1].Setup {
			r.FaultAt = e.Time
		}
		return err
	case entryBaseline:
		r.Baseline = new(Baseline)
		return e.Decode(r.Baseline)
	case entryInjected:
		err := e.Decode(&s)
		if s.Setup {
			r.SetUp = append(r.SetUp, s.Step)
		} else {
			r.Injected = append(r.Injected, s.Step)
		}
		return err
	default:
		err := e.Decode(&s)
		r.Pending = slices.DeleteFunc(r.Pending, func(i Intent) bool { return i.Step == s.Step && i.Setup == s.Setup })
		return err
	}
}

func (r *Run) applyProof(e session.Entry) error {
	err := appendDecoded(e, &r.Proofs)
	if p := r.Proofs; err == nil && p[len(p)-1].What == proofHealthy && p[len(p)-1].Passed {
		r.HealthyAt = e.Time
	}
	return err
}

func (r *Run) applyPage(e session.Entry) error {
	var p Page
	err := e.Decode(&p)
	r.PagedAt, r.Page = e.Time, p.Text
	return err
}

func (r *Run) applyActions(e session.Entry) error {
	var a ActionsSeen
	if err := e.Decode(&a); err != nil {
		return err
	}
	if len(a.Next) > 0 {
		r.Trail = a.Next
	}
	r.Events = append(r.Events, a.Events...)
	return nil
}
