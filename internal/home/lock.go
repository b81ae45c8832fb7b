package home

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const lockRetry = 200 * time.Millisecond

// Lock holds a lock file against every other firedrill process of this machine.
// The operating system releases it when the process dies, however it dies.
type Lock struct {
	file *flock.Flock
}

// Acquire takes the lock at path, waiting until ctx is done for another process
// that holds it; waiting, when not nil, is called once before the wait begins.
func Acquire(ctx context.Context, path string, waiting func()) (*Lock, error) {
	for {
		lock, err := acquireOnce(ctx, path, waiting)
		if err != nil {
			return nil, fmt.Errorf("take the lock %s: %w", path, err)
		}
		if lock != nil {
			return lock, nil
		}
		waiting = nil
	}
}

// acquireOnce returns nil when the file was removed by its last holder between
// being opened and being locked: that lock protects nothing any more.
func acquireOnce(ctx context.Context, path string, waiting func()) (*Lock, error) {
	if err := MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	file := flock.New(path, flock.SetPermissions(FilePerm))
	ok, err := file.TryLock()
	if err == nil && !ok {
		if waiting != nil {
			waiting()
		}
		ok, err = file.TryLockContext(ctx, lockRetry)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // documented: the folder was removed meanwhile, try again
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.New("another firedrill process holds it")
	}
	lock := &Lock{file: file}
	if !lock.current() {
		return nil, file.Close()
	}
	return lock, nil
}

func (l *Lock) current() bool {
	held, err := l.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(l.file.Path())
	return err == nil && os.SameFile(held, named)
}

// Release removes the lock file and gives the lock up.
func (l *Lock) Release() error {
	path := l.file.Path()
	// Removed while still held, so that nobody locks a file about to vanish.
	// Windows cannot remove an open file: there it is tried again afterwards.
	removeErr := os.Remove(path)
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("release the lock %s: %w", path, err)
	}
	if removeErr != nil && os.PathSeparator == '\\' {
		removeErr = os.Remove(path)
		if errors.Is(removeErr, fs.ErrPermission) {
			return nil // the next holder has it open already
		}
	}
	if removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
		return fmt.Errorf("remove the lock file: %w", removeErr)
	}
	return nil
}
