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
		name, rest, _ := strings.Cut(lines.Text(), " ")
		var err error
		switch {
		case name == "cpu":
			err = l.addTicks(strings.Fields(rest))
		case strings.HasPrefix(name, "cpu"):
			l.Processors++
		case name == "MemAvailable:":
			l.Available, err = strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			l.Available <<= 10
		}
		if err != nil {
			return Load{}, fmt.Errorf("the machine's load: %q: %w", lines.Text(), err)
		}
	}
	if l.Total == 0 || l.Processors == 0 || l.Available == 0 {
		return Load{}, errors.New("the machine's processor time or memory is missing in /proc/stat and /proc/meminfo")
	}
	return l, nil
}

// addTicks reads the time of all processors: user, nice, system, idle, iowait, irq, softirq,
// steal. That of guests, which follows, is part of user and nice.
func (l *Load) addTicks(fields []string) error {
	const nice, idle, iowait, steal = 1, 3, 4, 7
	if len(fields) <= steal {
		return fmt.Errorf("%d numbers, want %d at least", len(fields), steal+1)
	}
	for i, field := range fields[:steal+1] {
		ticks, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return err
		}
		l.Total += ticks
		if i == nice || i == idle || i == iowait { // what gives way to others, and what waits for a disk
			l.Idle += ticks
		}
	}
	return nil
}
