package audit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

const (
	// chunkBytes is the most that is read at once.
	chunkBytes = 1 << 20
	// maxLineBytes is the longest line that is kept; a longer one is skipped and
	// reported. An API object is at most about 1.5 MB (etcd's limit on a request).
	maxLineBytes = 8 << 20
	// goneListings is how many listings in a row must lack a file before it counts
	// as deleted: a rename may fall between a listing's names and its inodes.
	goneListings = 3
)

// emitError is an error of the receiver of lines: following ends with it.
type emitError struct{ err error }

func (e *emitError) Error() string { return e.err.Error() }
func (e *emitError) Unwrap() error { return e.err }

// tailer follows a rotating log from a place on.
type tailer struct {
	files  logFiles
	pos    Cursor  // behind the last line emitted
	carry  []byte  // bytes behind pos that are no whole line yet
	skip   bool    // the line under way is too long: drop it up to its end
	known  logFile // the file of pos when it was last seen and verified
	missed int     // listings in a row without the file of pos
	emit   func(line []byte, next Cursor) error
	report func(Status)
}

// poll reads everything that is there now.
func (t *tailer) poll() error {
	for {
		again, err := t.step()
		if errors.Is(err, errMoved) {
			continue // rotated between listing and reading: list again
		}
		if err != nil || !again {
			return err
		}
	}
}

// step lists once and reads one file up to its listed end. It tells whether there
// is a later file to go on with.
func (t *tailer) step() (bool, error) {
	files, err := t.files.List()
	if err != nil || len(files) == 0 {
		return false, err
	}
	at, err := t.find(files)
	if err != nil {
		return false, err
	}
	if at < 0 || t.pos == (Cursor{}) {
		if settled, err := t.settled(files[0]); err != nil || !settled {
			return true, err
		}
	}
	if at < 0 {
		t.missed++
		if t.missed < goneListings {
			return true, nil
		}
		t.gone(files[0])
		at = 0
	}
	t.missed = 0
	file := files[at]
	if t.pos.Inode == 0 {
		t.pos.Inode = file.Inode
	}
	if err := t.drain(file); err != nil {
		return false, err
	}
	if at == len(files)-1 {
		return false, nil
	}
	return true, t.advance(file, files[at+1])
}

// settled tells whether a second listing begins with the same file. A listing taken in
// the middle of a rotation may lack the file that was just renamed: its names are read
// before its inodes. By the second listing that file has its last name.
func (t *tailer) settled(oldest logFile) (bool, error) {
	files, err := t.files.List()
	return len(files) > 0 && files[0].Inode == oldest.Inode, err
}

// find returns the index of the cursor's file, -1 when it is not among files. An
// inode alone is not believed when it is met under a new name or has shrunk: it may
// be that of a newer file.
func (t *tailer) find(files []logFile) (int, error) {
	if t.pos == (Cursor{}) {
		return 0, nil
	}
	at := slices.IndexFunc(files, func(f logFile) bool { return f.Inode == t.pos.Inode })
	if at < 0 || files[at].Size < t.pos.Offset {
		return -1, nil
	}
	file := files[at]
	if t.known.Inode == file.Inode && t.known.Name == file.Name && t.known.Size <= file.Size {
		t.known = file
		return at, nil
	}
	if file.Size < headBytes {
		if t.pos.Head != 0 {
			return -1, nil
		}
		return at, nil
	}
	head, err := t.files.Read(file, 0, headBytes)
	if err != nil {
		return -1, err
	}
	switch sum := headOf(head); {
	case t.pos.Head == 0 && t.pos.Offset == 0:
		t.pos.Head = sum
	case t.pos.Head != sum:
		return -1, nil
	}
	t.known = file
	return at, nil
}

// gone reports that the file of the cursor was deleted, with whatever it still held,
// and goes on at the oldest file that is left.
func (t *tailer) gone(oldest logFile) {
	t.report(Status{State: StatusGap, Err: fmt.Errorf("the audit log %s was deleted before it was read to its end", t.pos)})
	t.pos, t.carry, t.skip = Cursor{Inode: oldest.Inode}, nil, false
}

// drain reads a file from the cursor to its listed end and emits its whole lines.
func (t *tailer) drain(file logFile) error {
	for {
		from := t.pos.Offset + int64(len(t.carry))
		n := min(file.Size-from, chunkBytes)
		if n <= 0 {
			return nil
		}
		data, err := t.files.Read(file, from, int(n))
		if err != nil {
			return err
		}
		if t.pos.Head == 0 && from == 0 {
			t.pos.Head = headOf(data)
		}
		t.carry = append(t.carry, data...)
		if err := t.lines(); err != nil {
			return err
		}
	}
}

// lines emits the whole lines in carry and keeps the rest. The cursor moves past a
// line only when its receiver has taken it.
func (t *tailer) lines() error {
	rest := t.carry
	for {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			break
		}
		next := t.pos
		next.Offset += int64(end) + 1
		if line := rest[:end]; t.skip {
			t.skip = false
		} else if len(line) > 0 {
			if err := t.emit(line, next); err != nil {
				return &emitError{err}
			}
		}
		t.pos, rest = next, rest[end+1:]
	}
	if t.skip || len(rest) > maxLineBytes {
		if !t.skip {
			t.report(Status{State: StatusSkipped, Err: fmt.Errorf("skipped an audit line of more than %d bytes at %s", maxLineBytes, t.pos)})
		}
		t.skip = true
		t.pos.Offset += int64(len(rest))
		rest = nil
	}
	t.carry = append(t.carry[:0], rest...)
	return nil
}

// advance moves from a finished file to the next one. The API server renames a file
// after its last write, so what was listed under a backup's name is complete. The
// next file is believed when a second listing names the same one: the first may have
// been taken in the middle of another rotation.
func (t *tailer) advance(file, next logFile) error {
	files, err := t.files.List()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(files, func(f logFile) bool { return f.Inode == file.Inode })
	if at < 0 || at+1 >= len(files) || files[at].Size != file.Size || files[at+1].Inode != next.Inode {
		return nil // not settled: the next step looks again
	}
	if len(t.carry) > 0 {
		t.report(Status{State: StatusSkipped, Err: fmt.Errorf("skipped a truncated last line of %d bytes at %s", len(t.carry), t.pos)})
	}
	t.pos, t.carry, t.skip = Cursor{Inode: next.Inode}, nil, false
	return nil
}
