package cli

import (
	"errors"

	"github.com/firedrill/firedrill/internal/scenario"
	"github.com/firedrill/firedrill/scenarios"
)

// Catalogue lists the scenarios there are: the embedded ones and one's own
// (--scenarios). It says on Err which of one's own hide an embedded one: that can be
// meant, or a mistake.
func (f *Factory) Catalogue() (*scenario.Catalogue, error) {
	catalogue, err := scenario.NewCatalogue(scenarios.FS(), f.ScenarioDirs...)
	if err != nil {
		return nil, usageErrorf("%w", err)
	}
	for _, entry := range catalogue.List() {
		if !entry.Replaces {
			continue
		}
		if err := write(f.IO.Err, "Scenario %s is the one in %s: it hides the built-in one.\n", entry.Name, entry.Dir); err != nil {
			return nil, err
		}
	}
	return catalogue, nil
}

// Scenario returns the scenario of a name. One that is unknown is a usage error.
func (f *Factory) Scenario(name string) (scenario.Entry, error) {
	catalogue, err := f.Catalogue()
	if err != nil {
		return scenario.Entry{}, err
	}
	entry, err := catalogue.Get(name)
	return entry, scenarioError(err)
}

// scenarioError makes an unknown or invalid scenario a usage error: exit code 2.
func scenarioError(err error) error {
	var problems scenario.Problems
	var notFound *scenario.NotFoundError
	if errors.As(err, &problems) || errors.As(err, &notFound) {
		return usageErrorf("%w", err)
	}
	return err
}
