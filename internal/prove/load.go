package prove

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// LoadFiles are the files of a Linux machine from which ParseLoad reads its load, one after
// the other. In a node's container they are those of the machine that it runs on.
var LoadFiles = []string{"/proc/stat", "/proc/meminfo"} //nolint:gochecknoglobals // a constant list

// ParseLoad reads a machine's load (proc(5)).
func ParseLoad(text string) (Load, error) {
	var l Load
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		switch name := fields[0]; {
		case name == "cpu":
			if len(fields) < 9 {
				return Load{}, fmt.Errorf("/proc/stat: %q has %d numbers, want user, nice, system, idle, iowait, irq, softirq, steal", lines.Text(), len(fields)-1)
			}
			for i, field := range fields[1:9] { // the guests' time that follows is part of user and nice
				ticks, err := strconv.ParseUint(field, 10, 64)
				if err != nil {
					return Load{}, fmt.Errorf("/proc/stat: %q: %w", lines.Text(), err)
				}
				l.Total += ticks
				if i == 3 || i == 4 { // idle, and idle until a disk answers
					l.Idle += ticks
				}
			}
		case strings.HasPrefix(name, "cpu"):
			l.Processors++
		case name == "MemAvailable:":
			kib, err := strconv.ParseUint(fields[1], 10, 64)
			if err != nil {
				return Load{}, fmt.Errorf("/proc/meminfo: %q: %w", lines.Text(), err)
			}
			l.Available = kib << 10
		}
	}
	if l.Total == 0 || l.Processors == 0 || l.Available == 0 {
		return Load{}, errors.New("the machine's processor time or memory is missing in /proc/stat and /proc/meminfo")
	}
	return l, nil
}
