package cluster

import (
	"fmt"

	"github.com/firedrill/firedrill/internal/home"
)

// Gone tells whether the cluster with that name and ID was removed: firedrill keeps nothing
// of it any more, or has made another one of its name since. It asks no engine.
func Gone(h home.Home, name, id string) (bool, error) {
	s, err := loadState(h, name)
	if err != nil {
		return false, err
	}
	return s == nil || s.ID != id, nil
}

// GoneError says that a cluster was removed while it was still worked with.
type GoneError struct{ Name string }

func (e *GoneError) Error() string {
	return fmt.Sprintf("cluster %q was removed; one of its name that is there now is another", e.Name)
}

// stillThere keeps what is done by a node's name away from the nodes of a later cluster:
// they have the same names.
func (c *Cluster) stillThere() error {
	gone, err := Gone(c.home, c.name, c.state.ID)
	if err == nil && gone {
		err = &GoneError{Name: c.name}
	}
	return err
}
