//go:build !windows

package cluster

import "golang.org/x/sys/unix"

// freeSpace is the room, in bytes, that an unprivileged user has on dir's file system.
func freeSpace(dir string) (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, err
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil //nolint:unconvert // the types differ between systems
}
