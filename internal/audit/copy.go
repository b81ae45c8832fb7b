package audit

import (
	"slices"
	"strings"

	"github.com/firedrill/firedrill/internal/timeline"
)

// isCopy recognises kubectl cp, which runs tar in the container.
func isCopy(command []string) bool {
	mode := tarMode(command)
	return len(command) >= 3 && (strings.HasPrefix(mode, "cf") || unpacks(mode))
}

func unpacks(mode string) bool {
	return strings.HasPrefix(mode, "-x") || strings.HasPrefix(mode, "xmf")
}

// tarMode is what tar is to do: the first argument but for those of cp --no-preserve; "" of
// any other program.
func tarMode(command []string) string {
	if len(command) == 0 || command[0] != "tar" {
		return ""
	}
	for _, argument := range command[1:] {
		if !strings.HasPrefix(argument, "--no-same-") {
			return argument
		}
	}
	return ""
}

// hold lets a session wait for the copy of which it may be the first step. It is not told at
// once, which is right only for what writes nothing.
func (f *folder) hold(r *request, e timeline.Event) []timeline.Event {
	events := f.wait(r)
	p := f.Pending[len(f.Pending)-1]
	p.Event, p.Held, p.Slow = e, true, true
	return events
}

// released takes away the newest session that was held for a copy into the same pod.
func (f *folder) released(r *request) {
	for at, p := range slices.Backward(f.Pending) {
		if p.Held && p.Client == r.client && p.Target == r.objectRef {
			f.Pending = slices.Delete(f.Pending, at, at+1)
			return
		}
	}
}

// asksForFolder recognises the question with which cp begins that copies into a pod: whether
// its destination is a folder.
func asksForFolder(command []string) bool {
	return len(command) == 3 && command[0] == "test" && command[1] == "-d"
}
