package cluster

import "context"

// Level is how a check of this machine came out.
type Level string

// Levels of a finding.
const (
	LevelOK   Level = "ok"
	LevelWarn Level = "warn" // drills run, but something may go wrong
	LevelFail Level = "fail" // a drill could not run
)

// Finding is what one check of this machine found.
type Finding struct {
	Check   string `json:"check"` // engine, version, cgroup, memory, cpu, disk, inotify, image, kubectl, ports
	Level   Level  `json:"level"`
	Message string `json:"message"`
	Cure    string `json:"cure,omitempty"` // what to do about it
}

// Examination is what Doctor found.
type Examination struct {
	OK       bool      `json:"ok"` // a drill could run
	Findings []Finding `json:"findings"`
}

// Doctor checks whether this machine can run drills on the named cluster with the
// given node image (empty: the one Up would choose). Every probe is bounded.
func (m *Manager) Doctor(ctx context.Context, name, image string) (Examination, error) {
	return Examination{}, nil
}
