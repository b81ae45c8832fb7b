package audit

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// headBytes is how much of a file's beginning identifies it. An audit line is
// always longer, and its audit ID lies within.
const headBytes = 256

// Cursor is a place in the audit log that survives rotation: the file, by inode and
// by a hash of its beginning (an inode is used again after its file was deleted),
// and the offset behind the last line that was processed. The zero Cursor is the
// beginning of the oldest file there is.
type Cursor struct {
	Inode  uint64
	Head   uint64 // FNV-1a of the file's first 256 bytes; 0 when the file was shorter
	Offset int64  // bytes
}

// reached tells whether a place is at an end of the log, or behind it in the same file.
func (c Cursor) reached(end Cursor) bool { return c.Inode == end.Inode && c.Offset >= end.Offset }

// String returns the cursor as ParseCursor reads it.
func (c Cursor) String() string {
	return fmt.Sprintf("v1.%d.%x.%d", c.Inode, c.Head, c.Offset)
}

// ParseCursor reads a cursor written by String; the empty string is the zero Cursor.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	parts := strings.Split(s, ".")
	if len(parts) != 4 || parts[0] != "v1" {
		return Cursor{}, fmt.Errorf("audit cursor %q: want v1.INODE.HEAD.OFFSET", s)
	}
	inode, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return Cursor{}, fmt.Errorf("audit cursor %q: inode: %w", s, err)
	}
	head, err := strconv.ParseUint(parts[2], 16, 64)
	if err != nil {
		return Cursor{}, fmt.Errorf("audit cursor %q: head: %w", s, err)
	}
	offset, err := strconv.ParseInt(parts[3], 10, 64)
	if err != nil || offset < 0 {
		return Cursor{}, fmt.Errorf("audit cursor %q: offset must be a number of bytes", s)
	}
	return Cursor{Inode: inode, Head: head, Offset: offset}, nil
}

// MarshalText implements encoding.TextMarshaler.
func (c Cursor) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Cursor) UnmarshalText(text []byte) error {
	parsed, err := ParseCursor(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// headOf hashes the beginning of a file; 0 when it is too short to identify it.
func headOf(beginning []byte) uint64 {
	if len(beginning) < headBytes {
		return 0
	}
	h := fnv.New64a()
	if _, err := h.Write(beginning[:headBytes]); err != nil {
		return 0 // hash.Hash never returns an error
	}
	return h.Sum64()
}
