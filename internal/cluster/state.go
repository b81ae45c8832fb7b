package cluster

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/firedrill/firedrill/internal/home"
)

const (
	stateVersion = 1

	phaseCreating = "creating" // its containers may exist in part: only good for removal
	phaseReady    = "ready"
)

// state is what is kept of a cluster on disk. It is written before anything of the
// cluster exists, so that whatever a killed process leaves is known to be ours.
type state struct {
	Version        int       `json:"version"`
	Name           string    `json:"name"`
	ID             string    `json:"id"`
	Phase          string    `json:"phase"`
	Config         Config    `json:"config"`
	CreatedAt      time.Time `json:"createdAt"`
	NetworkCreated bool      `json:"networkCreated,omitempty"` // kind's network was made for this cluster or another one of ours
	Export         *export   `json:"export,omitempty"`         // where --export-kubeconfig put an entry
}

// newID returns the random ID of a new cluster: 80 bits as lower-case base32.
func newID() string { return strings.ToLower(rand.Text()[:16]) }

func statePath(h home.Home, name string) string {
	return filepath.Join(h.Cluster(name), "state.json")
}

func adminKubeconfigPath(h home.Home, name string) string {
	return filepath.Join(h.Cluster(name), "kubeconfig")
}

func refereeKubeconfigPath(h home.Home, name string) string {
	return filepath.Join(h.Cluster(name), "referee.kubeconfig")
}

// loadState returns nil when firedrill has made no cluster of that name.
func loadState(h home.Home, name string) (*state, error) {
	data, err := os.ReadFile(statePath(h, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // documented: no state is no error
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of cluster %q: %w", name, err)
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("read %s: %w", statePath(h, name), err)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("read %s: it has version %d, this firedrill knows version %d: use the firedrill that wrote it", statePath(h, name), s.Version, stateVersion)
	}
	return &s, nil
}

func (s *state) save(h home.Home) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the state of cluster %q: %w", s.Name, err)
	}
	return home.WriteFile(statePath(h, s.Name), append(data, '\n'), home.FilePerm)
}
