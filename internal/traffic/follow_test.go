package traffic

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/drillapp"
)

// fakeSource gives one connection after another; each says what it was asked for.
type fakeSource struct {
	mu          sync.Mutex
	connections []func(ctx context.Context) (io.ReadCloser, error)
	asked       []time.Time
	exhausted   func()
}

func (f *fakeSource) Open(ctx context.Context, since time.Time) (io.ReadCloser, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, since)
	if len(f.connections) == 0 {
		f.exhausted()
		return nil, errors.New("nothing more")
	}
	open := f.connections[0]
	f.connections = f.connections[1:]
	return open(ctx)
}

func ends(text string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

func fails(text string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return nil, errors.New(text) }
}

// hangs gives the text and then nothing until the connection is closed.
func hangs(text string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) {
		reader, writer := io.Pipe()
		go func() { _, _ = writer.Write([]byte(text)) }()
		return reader, nil
	}
}

func log(t *testing.T, boot string, first, last uint64) string {
	t.Helper()
	var b strings.Builder
	for seq := first; seq <= last; seq++ {
		b.Write(text(t, boot, seq, drillapp.ClassOK))
		b.WriteByte('\n')
	}
	return b.String()
}

// The API server goes away, a line is cut off, a connection dies silently, the prober
// restarts: every request is on record once.
func TestFollowLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cut := log(t, "b1", 31, 31)
	source := &fakeSource{exhausted: cancel, connections: []func(context.Context) (io.ReadCloser, error){
		fails("connection refused"),
		ends(log(t, "b1", 1, 30) + cut[:25]),
		fails("connection refused"),
		hangs(log(t, "b1", 10, 60)),
		ends(log(t, "b1", 40, 70) + log(t, "b2", 1, 5)),
	}}
	if err := r.follow(ctx, source, 2*time.Second); err != nil {
		t.Fatal(err)
	}
	sum := r.Summaries(Moments{})[0]
	if sum.Sent != 75 || sum.Missing != 0 {
		t.Errorf("want 70 and 5 requests, got %+v", sum)
	}
	want := []time.Time{{}, {}, at(3).Add(-syncEvery), at(3).Add(-syncEvery), at(6).Add(-syncEvery), at(7).Add(-syncEvery)}
	for i, since := range want {
		if i < len(source.asked) && !source.asked[i].Equal(since) {
			t.Errorf("connection %d asked for the log since %s, want %s", i, source.asked[i], since)
		}
	}
	if len(source.asked) != len(want) {
		t.Errorf("%d connections, want %d", len(source.asked), len(want))
	}
}

func TestFollowSaysWhyItIsBehind(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	source := &fakeSource{exhausted: cancel, connections: []func(context.Context) (io.ReadCloser, error){
		ends(log(t, "b1", 1, 30)), fails("dial tcp 127.0.0.1:6443: connection refused"),
	}}
	if err := r.follow(ctx, source, time.Second); err != nil {
		t.Fatal(err)
	}
	r.setProblem(errors.New("dial tcp 127.0.0.1:6443: connection refused"))
	_, err := r.Window(t.Context(), "shop", at(1), at(20))
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := newRecord(shopTraffic())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	source := &fakeSource{exhausted: func() {}, connections: []func(context.Context) (io.ReadCloser, error){hangs("")}}
	done := make(chan error, 1)
	go func() { done <- r.follow(ctx, source, time.Hour) }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("still following")
	}
}
