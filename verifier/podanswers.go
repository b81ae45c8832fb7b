package verifier

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// PodAnswers passes while every ready pod answers one question as it should. The referee
// asks by way of the API server and shows no credential: 401 proves that a pod still wants one.
type PodAnswers struct {
	podSelector `yaml:",inline"`
	Port        string `yaml:"port" doc:"Port of the pods, by name or number." required:"true"`
	Path        string `yaml:"path" doc:"Path of the question." default:"/"`
	Status      int    `yaml:"status" doc:"HTTP status of the answer." default:"200" min:"100" max:"599"`
}

// Observe asks each ready pod once.
func (c *PodAnswers) Observe(ctx context.Context, t *Target) (Observation, error) {
	selector, err := c.parse()
	if err != nil {
		return Observation{}, err
	}
	pods, err := t.selected(ctx, selector)
	if err != nil {
		return Observation{}, err
	}
	want := c.Status
	if want == 0 {
		want = 200
	}
	var asked []string
	for i := range pods {
		p := &pods[i]
		if !active(p) || !ready(p) {
			continue
		}
		said, err := t.ask(ctx, p, c.Port, c.Path, nil)
		if err != nil {
			return Observation{}, err
		}
		if said.status != want {
			return Observation{Reason: fmt.Sprintf("pod %s answers %d instead of %d", p.Name, said.status, want)}, nil
		}
		asked = append(asked, p.Name)
	}
	if len(asked) == 0 {
		return Observation{}, errors.New("no pod that matches " + c.Selector + " is ready: there is none to ask")
	}
	return Observation{Passed: true, Reason: fmt.Sprintf("every pod answers %d", want), Evidence: "asked: " + strings.Join(asked, ", ")}, nil
}
