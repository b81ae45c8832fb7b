package verifier

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/labels"
)

// podSelector picks the pods that a check or perturbation is about.
type podSelector struct {
	Selector string `yaml:"selector" doc:"Label selector of the pods, as kubectl takes it: app=checkout." required:"true"`
}

// Validate refuses a selector that does not parse, or that picks everything.
func (s podSelector) Validate() error {
	_, err := s.parse()
	return err
}

func (s podSelector) parse() (labels.Selector, error) {
	parsed, err := labels.Parse(s.Selector)
	if err != nil {
		return nil, fmt.Errorf("selector %q: %w", s.Selector, err)
	}
	if parsed.Empty() {
		return nil, errors.New("selector: it must not pick every pod: write app=checkout")
	}
	return parsed, nil
}

// scope tells the Runner whose pods must stay the same during a hold.
func (s podSelector) scope(context.Context, *Target) (labels.Selector, error) {
	return s.parse()
}
