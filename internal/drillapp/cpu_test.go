package drillapp

import (
	"runtime"
	"testing"
	"time"
)

// TestBurn: what a request costs is CPU time, not waiting.
func TestBurn(t *testing.T) {
	t.Parallel()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, want := range []time.Duration{0, 4 * time.Millisecond, 40 * time.Millisecond} {
		before := threadTime()
		burn(want)
		if used := threadTime() - before; used < want || used > want+20*time.Millisecond {
			t.Errorf("burn(%s) took %s of CPU time", want, used)
		}
	}
}
