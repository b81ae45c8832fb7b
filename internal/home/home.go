// Package home knows where firedrill keeps its state on this machine, and writes
// it so that a killed process never leaves half a file.
package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Permissions of what firedrill keeps: kubeconfigs hold private keys.
const (
	DirPerm  fs.FileMode = 0o700
	FilePerm fs.FileMode = 0o600
)

// Home is the folder that holds everything firedrill keeps, as an absolute path.
type Home string

// Resolve finds the home folder: $FIREDRILL_HOME, else firedrill below
// $XDG_STATE_HOME, else ~/.local/state/firedrill (%LocalAppData%\firedrill on
// Windows). It creates nothing. goos is a runtime.GOOS value.
func Resolve(getenv func(string) string, goos string) (Home, error) {
	dir, err := resolve(getenv, goos)
	if err != nil {
		return "", err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve the home folder %q: %w", dir, err)
	}
	return Home(abs), nil
}

func resolve(getenv func(string) string, goos string) (string, error) {
	if dir := getenv("FIREDRILL_HOME"); dir != "" {
		return dir, nil
	}
	if dir := getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "firedrill"), nil
	}
	if goos == "windows" {
		if dir := getenv("LocalAppData"); dir != "" {
			return filepath.Join(dir, "firedrill"), nil
		}
		return "", errors.New("no folder for firedrill's state: set FIREDRILL_HOME (%LocalAppData% is not set)")
	}
	if dir := getenv("HOME"); dir != "" {
		return filepath.Join(dir, ".local", "state", "firedrill"), nil
	}
	return "", errors.New("no folder for firedrill's state: set FIREDRILL_HOME (neither XDG_STATE_HOME nor HOME is set)")
}

// Dir is the home folder's path.
func (h Home) Dir() string { return string(h) }

// Clusters is the folder that holds a folder for each cluster.
func (h Home) Clusters() string { return filepath.Join(string(h), "clusters") }

// Cluster is the folder of the named cluster: state.json, kubeconfigs.
func (h Home) Cluster(name string) string { return filepath.Join(h.Clusters(), name) }

// ClusterLock is the lock file that serialises changes to the named cluster.
func (h Home) ClusterLock(name string) string {
	return filepath.Join(string(h), "locks", "cluster-"+name+".lock")
}

// PlacesLock is the lock file that serialises the giving of nodes to runs.
func (h Home) PlacesLock() string { return filepath.Join(string(h), "locks", "places.lock") }

// Runs is the folder that holds a folder for each run.
func (h Home) Runs() string { return filepath.Join(string(h), "runs") }

// Run is the folder of the named run: its journal and all that belongs to it.
func (h Home) Run(run string) string { return filepath.Join(h.Runs(), run) }

// Exams is the folder that holds a folder for each exam.
func (h Home) Exams() string { return filepath.Join(string(h), "exams") }

// Exam is the folder of the named exam.
func (h Home) Exam(id string) string { return filepath.Join(h.Exams(), id) }

// Cache is the folder for what is made anew when it is missing.
func (h Home) Cache() string { return filepath.Join(string(h), "cache") }

// RemoveEmpty removes the home folder's own sub-folders and then the home folder
// itself, as far as they are empty, so that a `down` leaves nothing behind.
func (h Home) RemoveEmpty() error {
	for _, dir := range []string{h.Clusters(), h.Runs(), h.Exams(), filepath.Join(string(h), "locks"), string(h)} {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) || len(entries) > 0 {
			continue
		}
		if err != nil {
			return fmt.Errorf("look into %s: %w", dir, err)
		}
		// Another process may have put a file there since: that is no error. Nor is a home that
		// cannot go itself: somebody's mount point, or in a folder of somebody else's.
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) && isEmptyDir(dir) && dir != string(h) {
			return fmt.Errorf("remove the empty folder %s: %w", dir, err)
		}
	}
	return nil
}

func isEmptyDir(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}
