package home

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// MkdirAll creates dir and its parents, for the owner only.
func MkdirAll(dir string) error {
	if err := os.MkdirAll(dir, DirPerm); err != nil {
		return fmt.Errorf("create the folder %s: %w", dir, err)
	}
	return nil
}

// WriteFile replaces the file at path by data, whole or not at all: a reader, or
// a process started after a crash, sees the old content or the new one. The
// folder is created when it is missing.
func WriteFile(path string, data []byte, perm fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	if err := MkdirAll(dir); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, err)
			// The name is gone after a successful rename; on failure the
			// temporary file is worthless and its own error says nothing new.
			if rmErr := os.Remove(tmp.Name()); rmErr != nil && !os.IsNotExist(rmErr) {
				err = fmt.Errorf("%w (and its temporary file stays: %w)", err, rmErr)
			}
		}
	}()
	if err := writeSynced(tmp, data, perm); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func writeSynced(f *os.File, data []byte, perm fs.FileMode) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
