// Package verifier proves states of a cluster: healthy, broken, recovered. A check
// is one observation; only the Runner waits, holds and perturbs.
//
// # How a recovery is proven
//
//	failing -> settling -> perturbing -> holding -> recovered
//	   ^----------+------------+------------'
//
// A round looks at every check and safeguard at once. Rounds follow each other at least
// once a second, and at once when pods, workloads, endpoints or nodes change.
//
//   - failing: a check fails, a safeguard is broken, or something could not be observed.
//   - settling: everything passes. It must go on doing so for a quarter of the hold (2 s at
//     least, 5 s at most), so that a pass of an instant disturbs nobody.
//   - perturbing: each perturbation is done in turn. After each, every check must pass again,
//     and the pods must be as many as before and none on its way out, within its time.
//   - holding: every check passes, every safeguard holds, the pods stay the same ones and
//     none of their containers ends, for the whole hold.
//   - recovered: a round that began after the hold's end saw all of it once more.
//
// Whatever breaks a phase leads back to failing, and the next hold starts from zero: a check
// that flips, a safeguard that is broken, an error ("could not observe"), or a gap
// in which nothing was observed (the API server away, a laptop asleep): nobody gives a verdict on
// what nobody saw. An error does not make a check fail: its last observation stays, with
// the error beside it. The time of recovery is the start of the pass that held.
package verifier

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/firedrill/firedrill/internal/timeline"
)

// Observation is what one look at the system showed.
type Observation struct {
	Passed   bool   `json:"passed"`
	Reason   string `json:"reason"`             // one sentence: why it passed or did not
	Evidence string `json:"evidence,omitempty"` // the figures or objects the reason rests on
}

// Checker makes one observation. An error means "could not observe", never "failed".
type Checker interface {
	Observe(ctx context.Context, t *Target) (Observation, error)
}

// Perturber disturbs a system that looks recovered, to see whether it stands: it
// deletes a pod, restarts a kubelet. It returns what it did, in one sentence.
type Perturber interface {
	Perturb(ctx context.Context, t *Target) (string, error)
}

// Validator is implemented by parameters with rules that their types cannot say.
type Validator interface {
	Validate() error
}

// Kind is a row of the registry: a type a scenario may name under "type:".
// New returns a pointer to the kind's zero parameters; its yaml tags are the
// scenario's fields, its `doc` tags their description.
type Kind struct {
	Name string
	Doc  string
	New  func() any // a Checker or a Perturber
}

// Nodes runs commands in the cluster's nodes; the cluster's provider implements it.
type Nodes interface {
	// Run runs a command as root in the named node and returns its combined output.
	// A non-zero exit is an error that holds the output.
	Run(ctx context.Context, node string, command ...string) (string, error)
}

// Pods runs commands in containers of pods.
type Pods interface {
	// Exec runs a command and returns its standard output. A command that ran and ended
	// with another code than 0, or that the container does not have, is an *ExecError;
	// any other error says that nothing was run.
	Exec(ctx context.Context, namespace, pod, container string, command ...string) (string, error)
}

// ExecError says how a command in a container failed.
type ExecError struct {
	Code   int    // the command's exit code; 126 or 127 when there is no such command
	Stderr string // what it said
}

func (e *ExecError) Error() string { return fmt.Sprintf("exit code %d: %s", e.Code, e.Stderr) }

// Traffic is what the users' prober measured.
type Traffic interface {
	// Window sums up the requests sent in [from, to) by the named stream.
	// An error means the prober's record of that time could not be read.
	Window(ctx context.Context, stream string, from, to time.Time) (TrafficStats, error)
}

// TrafficStats sums up requests of the users' prober over a window of time.
type TrafficStats struct {
	Sent      int            `json:"sent"`
	OK        int            `json:"ok"`
	Errors    map[string]int `json:"errors,omitempty"` // by class: dns, connect, timeout, 5xx, 4xx, body
	ByPod     map[string]int `json:"byPod,omitempty"`  // good answers by the pod that gave them
	P50, P99  time.Duration
	LastError string    `json:"lastError,omitempty"`
	Latest    time.Time `json:"latest"` // when the newest request of the window was sent
	// Timeout is how long a request of the stream waits for its answer: what was sent within
	// that time may not be on record yet. Zero: it is not known.
	Timeout time.Duration `json:"-"`
}

// Target is the system under observation. Everything a check needs comes from here.
type Target struct {
	Client    kubernetes.Interface // the referee's client
	Namespace string               // the drill's namespace
	Nodes     Nodes                // nil when the provider has no node access
	Pods      Pods                 // nil when commands cannot be run in pods
	Traffic   Traffic              // nil when the scenario has no traffic
	Baseline  *Baseline            // nil before the baseline was taken
	Actions   func() []timeline.Event
	Now       func() time.Time
	Since     time.Time // start of the hold under way; zero outside of a hold
	FaultAt   time.Time // when the first fault was injected; zero before

	// Seed is the run's. It draws which pod a perturbation takes: of those that it may take,
	// in the order of their creation and names, the one at Seed modulo their number. 0 takes
	// the oldest; a negative Seed counts from the youngest.
	Seed int64

	// AskLimit is how long a database may take to answer one question; 0: 4 s, for a round
	// of looks that hangs on it would be a gap in what was seen.
	AskLimit time.Duration

	RefereeImage string // image of drillapp that every node has; canary pods run it

	look   *look   // what this round has read; nil outside of a Runner
	memory *memory // what earlier rounds saw; nil outside of a Runner
}
