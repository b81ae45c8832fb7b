package home

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, goos string
		env        map[string]string
		want       string
		wantErr    bool
	}{
		{"own variable first", "linux", map[string]string{"FIREDRILL_HOME": "/f", "XDG_STATE_HOME": "/x", "HOME": "/h"}, "/f", false},
		{"XDG", "linux", map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/firedrill", false},
		{"default", "linux", map[string]string{"HOME": "/h"}, "/h/.local/state/firedrill", false},
		{"macOS", "darwin", map[string]string{"HOME": "/Users/a"}, "/Users/a/.local/state/firedrill", false},
		{"Windows", "windows", map[string]string{"LocalAppData": "/l", "HOME": "/h"}, "/l/firedrill", false},
		{"nowhere", "linux", nil, "", true},
		{"nowhere on Windows", "windows", map[string]string{"HOME": "/h"}, "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := Resolve(func(name string) string { return tc.env[name] }, tc.goos)
			if (err != nil) != tc.wantErr || got.Dir() != filepath.FromSlash(tc.want) {
				t.Errorf("Resolve = %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

// TestEverythingLiesInTheHome: who deletes the folder has deleted all that is kept.
func TestEverythingLiesInTheHome(t *testing.T) {
	t.Parallel()
	h := Home(filepath.FromSlash("/f"))
	for _, path := range []string{
		h.Clusters(), h.Cluster("c"), h.ClusterLock("c"), h.PlacesLock(), h.Runs(), h.Run("r"), h.Exams(), h.Exam("e"), h.Cache(),
	} {
		if in, err := filepath.Rel(h.Dir(), path); err != nil || !filepath.IsLocal(in) || in == "." {
			t.Errorf("%s is not in %s", path, h.Dir())
		}
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a", "b", "file")
	for _, content := range []string{"one", "two, longer"} {
		if err := WriteFile(path, []byte(content), FilePerm); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("content = %q, %v", got, err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("temporary files are left: %v, %v", entries, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != FilePerm {
		t.Errorf("mode = %v, %v", info.Mode(), err)
	}
}

func TestWriteFileFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	occupied := filepath.Join(dir, "occupied") // a folder cannot be replaced by a file
	if err := os.MkdirAll(filepath.Join(occupied, "x"), DirPerm); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(occupied, []byte("x"), FilePerm); err == nil {
		t.Error("a folder was replaced")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("temporary files are left: %v, %v", entries, err)
	}
}

func TestLockExcludes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "locks", "x.lock")
	var inside, most, waits atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			lock, err := Acquire(t.Context(), path, func() { waits.Add(1) })
			if err != nil {
				t.Errorf("Acquire: %v", err)
				return
			}
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(5 * time.Millisecond)
			inside.Add(-1)
			if err := lock.Release(); err != nil {
				t.Errorf("Release: %v", err)
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 {
		t.Errorf("%d were inside at once", most.Load())
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the lock file is left: %v", err)
	}
	if waits.Load() == 0 {
		t.Error("nobody was told to wait")
	}
}

func TestLockWaitIsInterrupted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.lock")
	lock, err := Acquire(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Acquire(ctx, path, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Acquire = %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestRemoveEmpty(t *testing.T) {
	t.Parallel()
	h := Home(filepath.Join(t.TempDir(), "home"))
	if err := h.RemoveEmpty(); err != nil {
		t.Errorf("of a home that is not there: %v", err)
	}
	for _, dir := range []string{h.Clusters(), h.Run("r")} {
		if err := MkdirAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.RemoveEmpty(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(h.Run("r")); err != nil {
		t.Errorf("a run's folder is gone: %v", err)
	}
	if _, err := os.Stat(h.Clusters()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the empty folder is left: %v", err)
	}
	if err := os.Remove(h.Run("r")); err != nil {
		t.Fatal(err)
	}
	if err := h.RemoveEmpty(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(h.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the empty home is left: %v", err)
	}
}
