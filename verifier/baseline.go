package verifier

import (
	"context"
	"errors"
	"time"

	"k8s.io/client-go/kubernetes"
)

// Baseline is the healthy system, taken after the deployment and before the fault.
type Baseline struct {
	TakenAt   time.Time `json:"takenAt"`
	Namespace string    `json:"namespace"`
}

// TakeBaseline reads the namespace and the named nodes (all of them when none is named).
func TakeBaseline(ctx context.Context, client kubernetes.Interface, namespace string, nodes ...string) (*Baseline, error) {
	return nil, errors.New("not built yet")
}

// Diff says, a line each, what differs in other.
func (b *Baseline) Diff(other *Baseline) []string { return nil }
