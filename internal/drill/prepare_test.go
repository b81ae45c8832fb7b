package drill

import (
	"context"
	"testing"
	"time"
)

// askedTrainee keeps how long the trainee's certificate was to be valid.
type askedTrainee struct {
	*fakeTrainee
	lifetime time.Duration
}

func (a *askedTrainee) Provision(ctx context.Context, run, namespace string, lifetime time.Duration) error {
	a.lifetime = lifetime
	return a.fakeTrainee.Provision(ctx, run, namespace, lifetime)
}

// TestTheTraineeMayRest: the clock stands still while the machine sleeps, a certificate's
// validity does not.
func TestTheTraineeMayRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engine()
	trainee := &askedTrainee{fakeTrainee: (*fakeTrainee)(w)}
	e.Trainee = trainee
	ended := w.refereeOf(e)
	w.until("paged", paged)
	w.ask(VerbEnd)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	// kube-controller-manager's --cluster-signing-duration would cut off more than a year.
	if week, year := 7*24*time.Hour, 365*24*time.Hour; trainee.lifetime < w.run().TimeLimit+week || trainee.lifetime > year {
		t.Errorf("the certificate is asked for %s", trainee.lifetime)
	}
}
