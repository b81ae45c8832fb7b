package drillapp

import (
	"syscall"
	"time"
)

// rusageThread is RUSAGE_THREAD of getrusage(2), which package syscall does not name.
const rusageThread = 1

// threadTime is the CPU time of the calling thread so far.
func threadTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &used); err != nil {
		return time.Duration(time.Now().UnixNano()) // the clock, then: busy all the same
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
