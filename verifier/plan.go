package verifier

import (
	"errors"
	"fmt"
	"time"
)

// Step is a check under the ID that the scenario gives it.
type Step struct {
	ID string
	Checker
}

// Guard is a safeguard: it holds while its check passes.
type Guard struct {
	Name     string // of the wrong fix it catches: limit-removed
	Sentence string // why that is not a repair
	CatchAll bool   // it is told only while no other safeguard is broken
	Checker
}

// PerturbStep is one disturbance of a system that looks recovered.
type PerturbStep struct {
	Name      string        // the perturbation's kind: deletePod
	Within    time.Duration // how long every check may take to pass again; zero: DefaultWithin
	Perturber               // must return when its context ends
}

// DefaultWithin is how long a disturbed system may take to pass every check again.
const DefaultWithin = 60 * time.Second

// Plan is what counts as recovered.
type Plan struct {
	Checks     []Step
	Safeguards []Guard
	Perturb    []PerturbStep
	Hold       time.Duration
}

// checkers lists what the plan's checks and safeguards observe.
func (p Plan) checkers() []Checker {
	all := make([]Checker, 0, len(p.Checks)+len(p.Safeguards))
	for _, s := range p.Checks {
		all = append(all, s.Checker)
	}
	for _, g := range p.Safeguards {
		all = append(all, g.Checker)
	}
	return all
}

// Validate refuses a plan that would prove nothing: without a check or a hold.
func (p Plan) Validate() error {
	var problems []error
	if len(p.Checks) == 0 {
		problems = append(problems, errors.New("no recovery checks: a plan without checks would prove nothing"))
	}
	if p.Hold <= 0 {
		problems = append(problems, fmt.Errorf("hold %v: it must be longer than zero", p.Hold))
	}
	seen := map[string]bool{}
	for _, s := range p.Checks {
		problems = append(problems, nameProblem("check", s.ID, s.Checker == nil, seen))
	}
	for _, g := range p.Safeguards {
		problems = append(problems, nameProblem("safeguard", g.Name, g.Checker == nil, seen))
	}
	for _, s := range p.Perturb {
		if s.Perturber == nil {
			problems = append(problems, fmt.Errorf("perturbation %q does nothing", s.Name))
		}
	}
	return errors.Join(problems...)
}

func nameProblem(what, name string, empty bool, seen map[string]bool) error {
	key := what + "/" + name
	switch {
	case name == "":
		return fmt.Errorf("a %s without a name", what)
	case empty:
		return fmt.Errorf("%s %q observes nothing", what, name)
	case seen[key]:
		return fmt.Errorf("two %ss are called %q", what, name)
	}
	seen[key] = true
	return nil
}
