package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/firedrill/firedrill/internal/home"
)

// SealFile is the seal's name in a run's folder.
const SealFile = "journal.seal"

// Seal is what a finished journal's end is known by: the chain of hashes tells whether
// a line in the middle was touched, and nothing of lines that are missing at the end.
type Seal struct {
	Entries int64     `json:"entries"`
	Hash    string    `json:"hash"` // SHA-256 of the last line, in hex
	At      time.Time `json:"at"`   // this host's clock, UTC
}

// Verified is what is known of a journal that is whole.
type Verified struct {
	Entries int64  `json:"entries"`
	Hash    string `json:"hash"`   // of the last line: it stands for the whole journal
	Sealed  bool   `json:"sealed"` // false: lines that are missing at the end could not be told
}

// SealOn makes Append seal the journal with the entries that ends tells to be a run's
// last. Whatever is appended to a sealed journal later is sealed as well.
func (j *Journal) SealOn(ends func(kind string, data any) bool) { j.ends = ends }

// writeSeal is called with the lock held and before the line is written, so that nobody
// sees the last line without its seal. A process killed in between has not finished the
// run; the one that does writes the seal anew.
func (j *Journal) writeSeal(s Seal) error {
	data, err := json.Marshal(s)
	if err == nil {
		err = home.WriteFile(j.sealPath(), append(data, '\n'), home.FilePerm)
	}
	if err != nil {
		return fmt.Errorf("seal the journal %s: %w", j.path, err)
	}
	return nil
}

func (j *Journal) sealPath() string { return filepath.Join(filepath.Dir(j.path), SealFile) }

// seal reads the seal; nil when there is none.
func (j *Journal) seal() (*Seal, error) {
	data, err := os.ReadFile(j.sealPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // documented
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal's seal: %w", err)
	}
	s := new(Seal)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("the journal's seal %s was edited: %w", j.sealPath(), err)
	}
	return s, nil
}

// Verify reads the whole journal and tells whether it is as it was written: each line
// follows from the one before and, once the run is over, the last one is the one that
// was sealed. The error names the first entry that is not.
func (j *Journal) Verify() (v Verified, err error) {
	f, err := os.Open(j.path)
	if err != nil {
		return v, fmt.Errorf("open journal: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	whole := int64(0)
	err = scan(f, 0, func(line []byte, end int64) error {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("entry %d is not JSON: %w", v.Entries+1, err)
		}
		if e.Seq != v.Entries+1 || e.Prev != v.Hash {
			return fmt.Errorf("entry %d does not follow from the one before it: the journal was edited", v.Entries+1)
		}
		v.Entries, v.Hash, whole = e.Seq, lineHash(line), end
		return nil
	})
	if err != nil {
		return Verified{}, err
	}
	s, err := j.seal()
	if err != nil || s == nil {
		return v, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return Verified{}, fmt.Errorf("read journal: %w", err)
	}
	v.Sealed = true
	return v, s.matches(v, size-whole)
}

// matches compares the end of a journal with its seal; rest is how many bytes come
// after the last whole line.
func (s *Seal) matches(v Verified, rest int64) error {
	switch {
	case v.Entries < s.Entries:
		return fmt.Errorf("the journal has %d entries and was sealed with %d: its end was cut off", v.Entries, s.Entries)
	case v.Entries > s.Entries:
		return fmt.Errorf("entry %d was added by hand: the journal was sealed with %d entries", s.Entries+1, s.Entries)
	case v.Hash != s.Hash:
		return fmt.Errorf("entry %d, the last, is not the one that was sealed: the journal was edited", v.Entries)
	case rest > 0:
		return fmt.Errorf("%d bytes follow entry %d, the last: the journal was edited after it was sealed", rest, v.Entries)
	}
	return nil
}
