package drill

import (
	"fmt"

	"github.com/firedrill/firedrill/injectors"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/verifier"
)

// Plan is a scenario compiled against the registries: every parameter was checked, and
// nothing was touched.
type Plan struct {
	Setup    []FaultStep
	Steady   []verifier.Step
	Faults   []FaultStep
	Symptoms []verifier.Step
	Recovery verifier.Plan
}

// FaultStep is one fault, ready to be injected.
type FaultStep struct {
	Kind     string
	Injector injectors.Injector
}

// Kinds is every kind that a scenario may name, out of the registries.
func Kinds() scenario.Kinds {
	var kinds scenario.Kinds
	for _, k := range verifier.Registry() {
		params := k.New()
		doc := scenario.KindDoc{Name: k.Name, Doc: k.Doc, Params: params}
		if _, ok := params.(verifier.Checker); ok {
			kinds.Checks = append(kinds.Checks, doc)
		}
		if _, ok := params.(verifier.Perturber); ok {
			kinds.Perturbs = append(kinds.Perturbs, doc)
		}
	}
	for _, k := range injectors.Registry() {
		kinds.Faults = append(kinds.Faults, scenario.KindDoc{Name: k.Name, Doc: k.Doc, Params: k.New()})
	}
	return kinds
}

// Compile checks a scenario against the registries. Its error is scenario.Problems, all
// of them at once.
func Compile(f *scenario.Folder) (*Plan, error) {
	if problems := f.CheckKinds(Kinds()); len(problems) > 0 {
		return nil, problems
	}
	c := newCompiler()
	spec := f.Scenario.Spec
	plan := &Plan{
		Steady: c.steps(spec.SteadyState), Symptoms: c.steps(spec.Symptoms),
		Recovery: verifier.Plan{Checks: c.steps(spec.Recovery.Checks), Hold: spec.Recovery.Hold.Std()},
	}
	plan.Setup, plan.Faults = c.faultSteps(spec.Setup), c.faultSteps(spec.Faults)
	for _, p := range spec.Recovery.Perturb {
		plan.Recovery.Perturb = append(plan.Recovery.Perturb, verifier.PerturbStep{
			Name: p.Type, Within: p.Within.Std(), Perturber: made(c, c.perturbs, p.Type, p.With),
		})
	}
	for _, g := range spec.Safeguards {
		plan.Recovery.Safeguards = append(plan.Recovery.Safeguards, verifier.Guard{
			Name: g.Name, Sentence: g.Sentence, CatchAll: g.CatchAll, Checker: made(c, c.checks, g.Type, g.With),
		})
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	if err := plan.Recovery.Validate(); err != nil {
		return nil, fmt.Errorf("%s: recovery: %w", scenario.FileName, err)
	}
	return plan, nil
}

// compiler makes the parameters of kinds, by name.
type compiler struct {
	checks   map[string]func() verifier.Checker
	perturbs map[string]func() verifier.Perturber
	faults   map[string]func() injectors.Injector
	problems scenario.Problems
}

func newCompiler() *compiler {
	c := &compiler{
		checks:   map[string]func() verifier.Checker{},
		perturbs: map[string]func() verifier.Perturber{},
		faults:   map[string]func() injectors.Injector{},
	}
	for _, k := range verifier.Registry() {
		switch k.New().(type) {
		case verifier.Checker:
			c.checks[k.Name] = func() verifier.Checker { return k.New().(verifier.Checker) }
		case verifier.Perturber:
			c.perturbs[k.Name] = func() verifier.Perturber { return k.New().(verifier.Perturber) }
		}
	}
	for _, k := range injectors.Registry() {
		c.faults[k.Name] = k.New
	}
	return c
}

func (c *compiler) faultSteps(faults []scenario.Fault) []FaultStep {
	steps := make([]FaultStep, 0, len(faults))
	for _, fault := range faults {
		steps = append(steps, FaultStep{Kind: fault.Type, Injector: made(c, c.faults, fault.Type, fault.With)})
	}
	return steps
}

func (c *compiler) steps(checks []scenario.Check) []verifier.Step {
	steps := make([]verifier.Step, 0, len(checks))
	for _, check := range checks {
		steps = append(steps, verifier.Step{ID: check.ID, Checker: made(c, c.checks, check.Type, check.With)})
	}
	return steps
}

// made decodes the parameters of a kind that CheckKinds found to exist.
func made[T any](c *compiler, kinds map[string]func() T, kind string, with scenario.Params) T {
	params := kinds[kind]()
	c.problems = append(c.problems, scenario.DecodeParams(scenario.FileName, with, params)...)
	return params
}
