package traffic

import (
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"
)

// TestTheRecordIsOnThisClock: what the prober sent counts in the window in which it was
// sent, whatever the node's clock says; the log is asked for by the node's clock; and the
// file has this host's times.
func TestTheRecordIsOnThisClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{5 * time.Second, -5 * time.Second, 0} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), FileName)
			r, err := Open(path, shopTraffic())
			if err != nil {
				t.Fatal(err)
			}
			r.SetAhead(ahead)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			source := &fakeSource{exhausted: cancel, connections: []func(context.Context) (io.ReadCloser, error){
				ends(log(t, "b1", 1, 60)), // of the node's seconds 0 to 6
			}}
			if err := r.follow(ctx, source, 2*time.Second); err != nil {
				t.Fatal(err)
			}
			if since, newest := source.asked[1], at(6); since.After(newest.Add(-syncEvery)) {
				t.Errorf("asked for the log since %s by the node's clock, in which the newest on record is of %s", since, newest)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			read, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			for name, record := range map[string]*Record{"in memory": r, "from the file": read} {
				stats, err := record.Window(t.Context(), "", at(2).Add(-ahead), at(4).Add(-ahead))
				if err != nil || stats.Sent != 20 {
					t.Errorf("%s: %d requests in 2 s, %v; want 20", name, stats.Sent, err)
				}
			}
		})
	}
}
