package cli

import (
	"encoding/json"
	"testing"
)

// TestStartedHasEveryField: a script that reads the node finds it, also of a drill that breaks none.
func TestStartedHasEveryField(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(started{Nodes: []string{}})
	want := `{"run":"","scenario":"","namespace":"","kubeconfig":"","nodes":[],"node":"","seed":0,"mode":""}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}
