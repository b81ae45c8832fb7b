//go:build !linux

package drillapp

import "time"

// threadTime is the clock where threads have none of their own: the images are Linux only.
func threadTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
