package drillapp

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// allocate maps memory outside Go's heap, so that the collector neither doubles it
// nor gives it back: what the service keeps is what the kernel counts. Huge pages are
// refused, they would make the count jump by 2 MiB.
func allocate(size int64) ([]byte, error) {
	block, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes: %w", size, err)
	}
	// EINVAL: a kernel built without huge pages has none to refuse.
	err = syscall.Madvise(block, syscall.MADV_NOHUGEPAGE)
	if err != nil && !errors.Is(err, syscall.EINVAL) {
		return nil, fmt.Errorf("refuse huge pages: %w", err)
	}
	return block, nil
}

// residentBytes is what the kernel counts for this process, 0 when unknown.
func residentBytes() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, resident int64
	if _, err := fmt.Sscan(string(data), &total, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
