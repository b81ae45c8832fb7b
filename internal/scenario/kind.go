package scenario

import (
	"fmt"
	"reflect"
	"slices"
)

// KindDoc describes a kind of a registry: a check, a perturbation or a fault that a
// scenario names under `type:`.
type KindDoc struct {
	Name   string
	Doc    string
	Params any // pointer to the kind's zero parameters
}

// Kinds is every kind that a scenario may name.
type Kinds struct {
	Checks, Perturbs, Faults []KindDoc
}

// CheckKinds holds every `type:` and `with:` against the kinds there are.
func (f *Folder) CheckKinds(kinds Kinds) Problems {
	var problems Problems
	check := func(what, typ string, with Params, known []KindDoc) {
		if typ != "" {
			problems = append(problems, f.checkKind(what, typ, with, known)...)
		}
	}
	spec := f.Scenario.Spec
	for _, c := range slices.Concat(spec.SteadyState, spec.Symptoms, spec.Recovery.Checks) {
		check("check", c.Type, c.With, kinds.Checks)
	}
	for _, s := range spec.Safeguards {
		check("check", s.Type, s.With, kinds.Checks)
	}
	for _, p := range spec.Recovery.Perturb {
		check("perturbation", p.Type, p.With, kinds.Perturbs)
	}
	for _, fault := range slices.Concat(spec.Setup, spec.Faults) {
		check("fault", fault.Type, fault.With, kinds.Faults)
	}
	return problems.Sorted()
}

func (f *Folder) checkKind(what, typ string, with Params, known []KindDoc) Problems {
	i := slices.IndexFunc(known, func(k KindDoc) bool { return k.Name == typ })
	if i < 0 {
		message := fmt.Sprintf("unknown %s kind %q%s", what, typ, didYouMean(typ, kindNames(known)))
		return Problems{{FileName, with.typeAt.line, with.typeAt.column, message}}
	}
	into := reflect.New(reflect.TypeOf(known[i].Params).Elem()).Interface()
	return (&decoder{file: FileName, folder: f}).decodeParams(with, into)
}

func kindNames(kinds []KindDoc) []string {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return names
}
