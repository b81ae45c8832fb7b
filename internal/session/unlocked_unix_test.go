//go:build unix

package session

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestVerifyWithoutALockLooksTwice: an entry comes between the look at the journal and that
// at the seal, which is a pipe here, so that the test knows when.
func TestVerifyWithoutALockLooksTwice(t *testing.T) {
	t.Parallel()
	dir, j := sealedJournal(t)
	seal := filepath.Join(dir, SealFile)
	mustAppend(t, j, "a note")
	newer, err := os.ReadFile(seal)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(j.path)
	if err != nil {
		t.Fatal(err)
	}
	cut := bytes.LastIndexByte(bytes.TrimSpace(whole), '\n') + 1
	for _, err := range []error{
		os.Truncate(j.path, int64(cut)), os.Remove(j.path + ".lock"), os.Remove(seal), syscall.Mkfifo(seal, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	verified := make(chan error, 1)
	go func() {
		_, err := OpenJournal(dir).Verify()
		verified <- err
	}()
	pipe, err := os.OpenFile(seal, os.O_WRONLY, 0) // waits until the seal is read, after the journal
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{os.Remove(seal), os.WriteFile(seal, newer, 0o600), os.WriteFile(j.path, whole, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pipe.Write(newer); err != nil {
		t.Fatal(err)
	}
	if err := pipe.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-verified; err != nil {
		t.Error(err)
	}
}
