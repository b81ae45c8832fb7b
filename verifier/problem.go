package verifier

import "errors"

// broken says which safeguard a round saw broken; empty when it saw none.
func (m *machine) broken(r round) string {
	for i, s := range r.guards {
		if s.err == nil && !s.Passed {
			return m.plan.Safeguards[i].Name + ": " + s.Reason
		}
	}
	return ""
}

// failed says what a round saw that is not as it should be; empty when it saw nothing of the kind.
func (m *machine) failed(r round) string {
	if broken := m.broken(r); broken != "" {
		return broken
	}
	for i, s := range r.checks {
		if s.err == nil && !s.Passed {
			return m.plan.Checks[i].ID + ": " + s.Reason
		}
	}
	for _, e := range r.ends {
		_, before := m.pods[e.pod]
		_, now := r.pods.live[e.pod]
		if before || now {
			return e.text
		}
	}
	return ""
}

// unseen says what a round could not observe; empty when it saw everything.
func (m *machine) unseen(r round) string {
	for i, s := range r.checks {
		if s.err != nil {
			return m.plan.Checks[i].ID + " could not be observed: " + s.err.Error()
		}
	}
	for i, s := range r.guards {
		if s.err != nil {
			return m.plan.Safeguards[i].Name + " could not be observed: " + s.err.Error()
		}
	}
	if r.podsErr != nil {
		return "the pods could not be observed: " + r.podsErr.Error()
	}
	return ""
}

// problem says why a round is no proof; empty when every check passed, every safeguard
// held, the pods could be read and none of their containers ended.
func (m *machine) problem(r round) string {
	if failed := m.failed(r); failed != "" {
		return failed
	}
	return m.unseen(r)
}

func asNotSurvived(err error) (*NotSurvivedError, bool) {
	var refused *NotSurvivedError
	ok := errors.As(err, &refused)
	return refused, ok
}
