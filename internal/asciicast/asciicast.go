// Package asciicast writes what a terminal showed as an asciicast v2 file: a header, then
// a line for each piece of output with its time, which asciinema and its players read
// (https://docs.asciinema.org/manual/asciicast/v2/).
package asciicast

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Header is a recording's first line.
type Header struct {
	Width     int               `json:"width"`  // columns
	Height    int               `json:"height"` // rows
	Timestamp int64             `json:"timestamp"`
	Title     string            `json:"title,omitempty"`
	Env       map[string]string `json:"env,omitempty"`
}

// Recorder writes a recording. Every piece of output is one write of a whole line, at
// once: a recording that is cut off by a crash can be played to its last line. It may be
// used by several goroutines.
type Recorder struct {
	mu    sync.Mutex
	out   io.Writer
	now   func() time.Time
	start time.Time
	rest  []byte // the beginning of a character whose end has not come yet
	err   error
}

// New begins a recording. now is the clock; the header's timestamp is taken from it.
func New(out io.Writer, h Header, now func() time.Time) (*Recorder, error) {
	r := &Recorder{out: out, now: now, start: now()}
	h.Timestamp = r.start.Unix()
	line := struct {
		Version int `json:"version"`
		Header
	}{2, h}
	return r, r.line(line)
}

// Write records output. It takes everything, whatever becomes of the recording: what a
// terminal shows must not end with a full disk. Err tells what became of it.
func (r *Recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := slices.Concat(r.rest, p)
	whole := len(text) - cutCharacter(text)
	r.rest = append([]byte(nil), text[whole:]...)
	if whole > 0 {
		r.event("o", string(text[:whole]))
	}
	return len(p), nil
}

// Resize records that the terminal has another size.
func (r *Recorder) Resize(width, height int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.event("r", fmt.Sprintf("%dx%d", width, height))
}

// Close records what is left, and returns the first error there was.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rest) > 0 {
		r.event("o", string(r.rest))
		r.rest = nil
	}
	return r.err
}

func (r *Recorder) event(kind, data string) {
	if r.err == nil {
		r.err = r.line([]any{json.Number(fmt.Sprintf("%.6f", r.now().Sub(r.start).Seconds())), kind, data})
	}
}

func (r *Recorder) line(v any) error {
	data, err := json.Marshal(v)
	if err == nil {
		_, err = r.out.Write(append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the recording: %w", err)
	}
	return nil
}

// cutCharacter is how many bytes at the end are the beginning of a character.
func cutCharacter(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		last := text[len(text)-n:]
		if utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}
