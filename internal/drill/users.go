package drill

import (
	"context"
	"time"

	"github.com/firedrill/firedrill/verifier"
)

// Users are the drill's users: a prober in the cluster and the record of what it saw.
type Users interface {
	verifier.Traffic
	Deploy(ctx context.Context) error
	Remove(ctx context.Context) error
	// SetAhead says how far the nodes' clock, in which the prober writes, is ahead of this
	// host's, which all else here is asked and told in.
	SetAhead(by time.Duration)
	// Follow keeps the record up to date until ctx ends.
	Follow(ctx context.Context) error
	// Summary is what the report says of the users, as JSON.
	Summary(ctx context.Context, m Moments) ([]byte, error)
}

// Moments are the times of a run that a summary of its users is split at; a zero one is never.
type Moments struct {
	From        time.Time // since when the requests are those of the healthy system
	FaultAt     time.Time
	PagedAt     time.Time
	RecoveredAt time.Time
	DecidedAt   time.Time
	Disturbed   []Span // when the referee disturbed the system, which stood it
}

// Span is a stretch of time.
type Span struct{ From, To time.Time }
