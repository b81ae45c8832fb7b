package session

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/firedrill/firedrill/internal/home"
)

// ErrNoRun is returned for a run that is not in the store.
var ErrNoRun = errors.New("no such run")

// ErrHeld is returned by Hold when another process referees the run.
var ErrHeld = errors.New("another referee holds the run")

// Store is the folder of all runs.
type Store struct {
	dir string
}

// NewStore returns the store in dir, which need not exist yet.
func NewStore(dir string) *Store { return &Store{dir: dir} }

// NewID makes a run's ID from the base of its namespace: a DNS label, random enough
// that two runs never meet.
func NewID(base string) (string, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("make run ID: %w", err)
	}
	enc := base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)
	return base + "-" + enc.EncodeToString(b[:])[:5], nil
}

// Dir returns the run's folder.
func (s *Store) Dir(run string) string { return filepath.Join(s.dir, run) }

// Create makes the run's folder. It fails when the run exists.
func (s *Store) Create(run string) (*Journal, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("create runs folder: %w", err)
	}
	if err := os.Mkdir(s.Dir(run), 0o700); err != nil {
		return nil, fmt.Errorf("create run folder: %w", err)
	}
	return OpenJournal(s.Dir(run)), nil
}

// Open returns the run's journal, or an error that wraps ErrNoRun and names the runs
// there are.
func (s *Store) Open(run string) (*Journal, error) {
	if run == "" || run != filepath.Base(run) || strings.HasPrefix(run, ".") {
		return nil, fmt.Errorf("%w: %q is not a run's name", ErrNoRun, run)
	}
	if _, err := os.Stat(filepath.Join(s.Dir(run), JournalFile)); err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("open run %s: %w", run, err)
		}
		known, listErr := s.List()
		if listErr != nil {
			return nil, errors.Join(err, listErr)
		}
		if len(known) == 0 {
			return nil, fmt.Errorf("%w: %q (there are no runs yet: firedrill start NAME)", ErrNoRun, run)
		}
		return nil, fmt.Errorf("%w: %q (known: %s)", ErrNoRun, run, strings.Join(known, ", "))
	}
	return OpenJournal(s.Dir(run)), nil
}

// List returns the runs, oldest first. One whose journal is damaged is a run all the same.
func (s *Store) List() ([]string, error) {
	dirs, err := os.ReadDir(s.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	type run struct {
		name string
		at   time.Time
	}
	var runs []run
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		entries, _, err := OpenJournal(s.Dir(d.Name())).Read(0)
		switch {
		case len(entries) > 0:
			runs = append(runs, run{d.Name(), entries[0].Time})
		case err != nil:
			runs = append(runs, run{d.Name(), s.written(d.Name())})
		} // else its journal never began: not a run
	}
	sort.Slice(runs, func(i, j int) bool { return runs[i].at.Before(runs[j].at) })
	names := make([]string, 0, len(runs))
	for _, r := range runs {
		names = append(names, r.name)
	}
	return names, nil
}

// written is when a run's journal was last written to, or the zero time.
func (s *Store) written(run string) time.Time {
	info, err := os.Stat(filepath.Join(s.Dir(run), JournalFile))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// Remove removes a run's folder and all that is in it.
func (s *Store) Remove(run string) error {
	if err := os.RemoveAll(s.Dir(run)); err != nil {
		return fmt.Errorf("remove the run %s: %w", run, err)
	}
	return nil
}

// Hold makes this process the run's only referee until release is called or the
// process ends, however it ends. It fails with ErrHeld within two seconds when there is
// another; a shorter try could meet a reader that only looks (Held).
func (s *Store) Hold(ctx context.Context, run string) (release func() error, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	l := flock.New(s.holdFile(run))
	_, err = l.TryLockContext(ctx, 20*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("%w: %s", ErrHeld, run)
	}
	if err != nil {
		return nil, fmt.Errorf("hold run %s: %w", run, err)
	}
	return l.Unlock, nil
}

// Held tells whether a referee is alive.
func (s *Store) Held(ctx context.Context, run string) (bool, error) {
	l := flock.New(s.holdFile(run))
	ok, err := l.TryRLock()
	if err != nil {
		return false, fmt.Errorf("look for the referee of %s: %w", run, err)
	}
	if !ok {
		return true, ctx.Err()
	}
	return false, l.Unlock()
}

func (s *Store) holdFile(run string) string { return filepath.Join(s.Dir(run), "referee.lock") }

// WriteFile writes a file of the run's folder atomically: whole or not at all.
func (s *Store) WriteFile(run, name string, data []byte) error {
	if err := home.WriteFile(filepath.Join(s.Dir(run), name), data, 0o600); err != nil {
		return fmt.Errorf("write %s of run %s: %w", name, run, err)
	}
	return nil
}

// ReadFile reads a file of the run's folder.
func (s *Store) ReadFile(run, name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(s.Dir(run), name))
	if err != nil {
		return nil, fmt.Errorf("read %s of run %s: %w", name, run, err)
	}
	return data, nil
}

// RemoveFile removes a file of the run's folder; one that is not there is no error.
func (s *Store) RemoveFile(run, name string) error {
	if err := os.Remove(filepath.Join(s.Dir(run), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s of run %s: %w", name, run, err)
	}
	return nil
}
