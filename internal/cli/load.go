package cli

import (
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/drillapp"
	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/scenarios"
)

// loadFolder reads a run's scenario with the run's own values, from where it was found
// when the run was begun.
func loadFolder(c drill.Created) (*scenario.Folder, error) {
	all, err := scenario.NewCatalogue(scenarios.FS(), c.ScenarioDirs...)
	if err != nil {
		return nil, usageErrorf("%w", err)
	}
	entry, err := all.Get(c.Scenario)
	if err != nil {
		return nil, scenarioError(err)
	}
	vars := varsOf(c)
	if vars.Program, err = drillapp.SourceHash(); err != nil {
		return nil, err
	}
	folder, err := entry.Check(vars, drill.Kinds())
	return folder, scenarioError(err)
}

// varsOf are the values of a run: its seed's, and the names that were given to it.
func varsOf(c drill.Created) scenario.Vars {
	values := map[string]string{}
	if c.Run != "" {
		values[scenario.VarNamespace], values[scenario.VarRun] = c.Run, c.Run
	}
	if c.Node != "" {
		values[scenario.VarNode] = c.Node
	}
	if c.Variant != "" {
		values[scenario.VarVariant] = c.Variant
	}
	return scenario.Vars{Seed: c.Seed, Values: values}
}
