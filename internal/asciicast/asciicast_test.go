package asciicast

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock goes on by a quarter of a second each time it is looked at.
func clock() func() time.Time {
	now := time.Unix(1_767_268_800, 0)
	return func() time.Time {
		now = now.Add(250 * time.Millisecond)
		return now
	}
}

func TestRecording(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r, err := New(&out, Header{Width: 80, Height: 24, Title: "shop", Env: map[string]string{"SHELL": "/bin/bash"}}, clock())
	if err != nil {
		t.Fatal(err)
	}
	euro := []byte("€")
	for _, piece := range [][]byte{[]byte("$ \x1b[1mls\x1b[0m\r\n"), euro[:1], euro[1:2], append(euro[2:3:3], 'x'), {0xff, 'y'}, euro[:2]} {
		if n, err := r.Write(piece); err != nil || n != len(piece) {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
	r.Resize(100, 30)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	want := `{"version":2,"width":80,"height":24,"timestamp":1767268800,"title":"shop","env":{"SHELL":"/bin/bash"}}
[0.250000,"o","$ \u001b[1mls\u001b[0m\r\n"]
[0.500000,"o","€x"]
[0.750000,"o","\ufffdy"]
[1.000000,"r","100x30"]
[1.250000,"o","\ufffd\ufffd"]
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// full is a disk with room for one line.
type full struct{ lines int }

func (f *full) Write(p []byte) (int, error) {
	f.lines++
	if f.lines > 1 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestAFullDiskEndsTheRecordingNotTheShell(t *testing.T) {
	t.Parallel()
	r, err := New(&full{}, Header{}, clock())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if n, err := r.Write([]byte("ls")); n != 2 || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
	if err := r.Close(); err == nil {
		t.Error("nobody is told")
	}
	if _, err := New(&full{lines: 1}, Header{}, clock()); err == nil {
		t.Error("a recording without a header was begun")
	}
}
