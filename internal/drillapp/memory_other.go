//go:build !linux

package drillapp

// allocate takes the memory from Go's heap. The service only ever runs on Linux;
// this lets firedrill, which carries its sources, build and test everywhere.
func allocate(size int64) ([]byte, error) { return make([]byte, size), nil }

func residentBytes() int64 { return 0 }
