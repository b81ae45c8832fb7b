package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/firedrill/firedrill/internal/home"
)

// SealFile is the seal's name in a run's folder.
const SealFile = "journal.seal"

// Seal is what a finished journal's end is known by: the chain of hashes tells whether
// a line in the middle was touched, and nothing of lines that are missing at the end.
//
// While the last line is written the seal holds it. A process killed meanwhile leaves a
// journal that lacks it, or its end, and hides nothing: it is in the seal, and the next
// append writes it. Once the line is on disk the seal holds it no more, so that to cut it
// off is found out.
type Seal struct {
	Entries int64     `json:"entries"`
	Hash    string    `json:"hash"`           // SHA-256 of the last line, in hex
	At      time.Time `json:"at"`             // this host's clock, UTC
	Line    string    `json:"line,omitempty"` // the last line while it is being written
	// Edited is what was found wrong when a line was appended to a journal that was sealed
	// before. It stays: an append would else hide what was done by hand.
	Edited string `json:"edited,omitempty"`
}

// found is what is wrong with the end of a sealed journal, or was before.
func (s *Seal) found(seq int64, hash string) string {
	if s.Edited != "" {
		return s.Edited
	}
	if err := s.matches(Verified{Entries: seq, Hash: hash}, 0); err != nil {
		return fmt.Sprintf("before entry %d was written: %v", seq+1, err)
	}
	return ""
}

// holding is the seal while the line is being written.
func (s Seal) holding(line []byte) Seal {
	s.Line = string(bytes.TrimRight(line, "\n"))
	return s
}

// follows tells whether the seal holds a line, and that one is the next behind an entry's.
func (s *Seal) follows(seq int64, hash string) bool {
	var e Entry
	return s.Line != "" && s.Entries == seq+1 && json.Unmarshal([]byte(s.Line), &e) == nil && e.Seq == s.Entries && e.Prev == hash
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

// writeSeal is called with the lock held: before the line is written, so that nobody sees
// the last line without its seal, and once more after it.
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
	if s.Line != "" && lineHash([]byte(s.Line)) != s.Hash {
		return nil, fmt.Errorf("the journal's seal %s was edited: the line that it holds is not the one that was sealed", j.sealPath())
	}
	return s, nil
}

// Verify reads the whole journal and tells whether it is as it was written: each line
// follows from the one before and, once the run is over, the last one is the one that
// was sealed. The error names the first entry that is not. Nothing is written.
func (j *Journal) Verify() (Verified, error) {
	unlock, locked := j.lockToRead()
	if locked {
		v, err := j.verify()
		return v, errors.Join(err, unlock())
	}
	// A folder that may not be entered, or a copy without its lock: somebody may append
	// between the look at the journal and that at the seal.
	v, err := j.verify()
	if err != nil {
		v, err = j.verify()
	}
	return v, err
}

// lockToRead shares the append lock among readers; false when it is not to be had. It
// makes no lock file: a journal without one is a copy, to which nobody appends.
func (j *Journal) lockToRead() (unlock func() error, locked bool) {
	l := flock.New(j.path+".lock", flock.SetFlag(os.O_RDONLY))
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for range lockTimeout / lockPoll {
		if ok, err := l.TryRLock(); ok || err != nil {
			return l.Unlock, ok
		}
		<-tick.C
	}
	return nil, false
}

func (j *Journal) verify() (v Verified, err error) {
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
	rest, err := io.ReadAll(io.NewSectionReader(f, whole, 1<<62))
	if err != nil {
		return Verified{}, fmt.Errorf("read journal: %w", err)
	}
	if s.follows(v.Entries, v.Hash) && strings.HasPrefix(s.Line, string(rest)) {
		v.Entries, v.Hash, rest = s.Entries, s.Hash, nil
	}
	v.Sealed = true
	if s.Edited != "" {
		return v, errors.New(s.Edited)
	}
	return v, s.matches(v, len(rest))
}

// matches compares the end of a journal with its seal; rest is how many bytes come
// after the last whole line.
func (s *Seal) matches(v Verified, rest int) error {
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
