// Package session keeps a run's journal on disk: the only state of a run. The journal
// is one JSON object a line, appended under a short lock, synced before the append
// returns, and chained by hashes, so that a reader can tell whether it was edited.
package session

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// JournalFile is the journal's name in a run's folder.
const JournalFile = "journal.jsonl"

// pollInterval is how often Follow looks for new entries.
const pollInterval = 100 * time.Millisecond

// lockTimeout bounds the wait for the append lock, which is held for milliseconds.
const lockTimeout = 10 * time.Second

// lockPoll is how often a lock that another process holds is tried.
const lockPoll = 5 * time.Millisecond

// Entry is one line of the journal.
type Entry struct {
	Seq  int64           `json:"seq"`  // 1, 2, 3 ... without a gap
	Time time.Time       `json:"time"` // this host's clock, UTC
	Type string          `json:"type"`
	Data json.RawMessage `json:"data,omitempty"`
	Prev string          `json:"prev"` // SHA-256 of the line before, in hex; empty in the first
}

// Decode reads the entry's data into v.
func (e Entry) Decode(v any) error {
	if err := json.Unmarshal(e.Data, v); err != nil {
		return fmt.Errorf("journal entry %d (%s): %w", e.Seq, e.Type, err)
	}
	return nil
}

// Journal appends to and reads one run's journal. Several processes may hold the same
// journal: the referee and the verbs of the command line.
type Journal struct {
	path string
	now  func() time.Time
	ends func(kind string, data any) bool // tells a run's last entry; nil: none is

	mu     sync.Mutex
	offset int64  // end of the last line this process knows
	seq    int64  // its sequence number
	hash   string // its hash
}

// OpenJournal opens the journal in dir, which must exist; the file may not yet.
func OpenJournal(dir string) *Journal {
	return &Journal{path: filepath.Join(dir, JournalFile), now: time.Now}
}

// Append adds an entry and returns it once it is safely on disk.
func (j *Journal) Append(ctx context.Context, kind string, data any) (Entry, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Entry{}, fmt.Errorf("journal %s entry: %w", kind, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	unlock, err := j.lock(ctx)
	if err != nil {
		return Entry{}, err
	}
	entry, err := j.appendLocked(kind, raw, j.ends != nil && j.ends(kind, data))
	return entry, errors.Join(err, unlock())
}

func (j *Journal) lock(ctx context.Context) (func() error, error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	l := flock.New(j.path + ".lock")
	if _, err := l.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fmt.Errorf("lock journal %s: %w", j.path, err)
	}
	return l.Unlock, nil
}

func (j *Journal) appendLocked(kind string, raw json.RawMessage, last bool) (Entry, error) {
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return Entry{}, fmt.Errorf("open journal: %w", err)
	}
	entry, err := j.write(f, kind, raw, last)
	return entry, errors.Join(err, f.Close())
}

// file is what an append needs of the journal's file.
type file interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
}

func (j *Journal) write(f file, kind string, raw json.RawMessage, last bool) (Entry, error) {
	sealed, edited, err := j.ready(f)
	if err != nil {
		return Entry{}, err
	}
	entry := Entry{Seq: j.seq + 1, Time: j.now().UTC(), Type: kind, Data: raw, Prev: j.hash}
	line, err := json.Marshal(entry)
	if err != nil {
		return Entry{}, fmt.Errorf("journal %s entry: %w", kind, err)
	}
	line = append(line, '\n')
	if !last && !sealed {
		return entry, j.put(f, entry.Seq, line)
	}
	seal := Seal{Entries: entry.Seq, Hash: lineHash(line), At: entry.Time, Edited: edited}
	if err := j.writeSeal(seal.holding(line)); err != nil {
		return Entry{}, err
	}
	if err := j.put(f, entry.Seq, line); err != nil {
		return Entry{}, err
	}
	return entry, j.writeSeal(seal)
}

// ready catches up with what other processes appended, and takes away what one that was
// killed while it wrote has left behind the last whole line: half of one never counted, and
// one that the seal holds is written anew. It tells whether the journal is sealed, and what
// was done to a sealed one by hand; "" when nothing was.
func (j *Journal) ready(f file) (sealed bool, edited string, err error) {
	if err := j.catchUp(f); err != nil {
		return false, "", err
	}
	if err := f.Truncate(j.offset); err != nil {
		return false, "", fmt.Errorf("journal %s: %w", j.path, err)
	}
	seal, err := j.seal()
	if err != nil || seal == nil {
		return false, "", err
	}
	if seal.follows(j.seq, j.hash) {
		return true, seal.Edited, j.put(f, seal.Entries, []byte(seal.Line+"\n"))
	}
	return true, seal.found(j.seq, j.hash), nil
}

// put writes one line behind the last one, and syncs it.
func (j *Journal) put(f file, seq int64, line []byte) error {
	if _, err := f.WriteAt(line, j.offset); err != nil {
		return fmt.Errorf("append to journal %s: %w", j.path, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync journal %s: %w", j.path, err)
	}
	j.offset += int64(len(line))
	j.seq, j.hash = seq, lineHash(line)
	return nil
}

func (j *Journal) catchUp(f io.ReaderAt) error {
	return scan(f, j.offset, func(line []byte, end int64) error {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("journal %s is damaged at byte %d: %w", j.path, j.offset, err)
		}
		j.offset, j.seq, j.hash = end, e.Seq, lineHash(line)
		return nil
	})
}

// Read returns the entries from the byte offset on, and the offset after the last whole
// one. A journal that is not there yet has no entries.
func (j *Journal) Read(offset int64) ([]Entry, int64, error) {
	f, err := os.Open(j.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, offset, nil
	}
	if err != nil {
		return nil, offset, fmt.Errorf("open journal: %w", err)
	}
	var entries []Entry
	err = scan(f, offset, func(line []byte, end int64) error {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("journal %s is damaged at byte %d: %w", j.path, offset, err)
		}
		entries, offset = append(entries, e), end
		return nil
	})
	return entries, offset, errors.Join(err, f.Close())
}

// Follow calls each for every entry from the byte offset on, as entries come, and
// caughtUp each time there are no more for now, until one of them returns an error or
// ctx ends. It returns that error, or ctx's cause.
func (j *Journal) Follow(ctx context.Context, offset int64, each func(Entry) error, caughtUp func() error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		var entries []Entry
		next := offset
		if j.longer(offset) {
			var err error
			if entries, next, err = j.Read(offset); err != nil {
				return err
			}
		}
		for _, e := range entries {
			if err := each(e); err != nil {
				return err
			}
		}
		offset = next
		if err := caughtUp(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// longer tells whether there may be something behind the offset: most looks find nothing,
// and to open the file and make a buffer for each was two fifths of firedrill's work in a proof.
func (j *Journal) longer(offset int64) bool {
	info, err := os.Stat(j.path)
	return err == nil && info.Size() > offset || err != nil && !errors.Is(err, os.ErrNotExist)
}

// scan calls each for every whole line from the offset on, with the offset after it.
func scan(r io.ReaderAt, offset int64, each func(line []byte, end int64) error) error {
	br := bufio.NewReaderSize(io.NewSectionReader(r, offset, 1<<62), 64<<10)
	for {
		line, err := br.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what is left is half a line, or nothing
		}
		if err != nil {
			return err
		}
		offset += int64(len(line))
		if err := each(line, offset); err != nil {
			return err
		}
	}
}

func lineHash(line []byte) string {
	sum := sha256.Sum256(bytes.TrimRight(line, "\n"))
	return hex.EncodeToString(sum[:])
}
