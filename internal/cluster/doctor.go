package cluster

import (
	"context"
	"runtime"
	"sync"
	"time"
)

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
	Check   string `json:"check"` // engine, version, cgroup, cpu, memory, disk, inotify, image, kubectl, ports, cluster
	Level   Level  `json:"level"`
	Message string `json:"message"`
	Cure    string `json:"cure,omitempty"` // what to do about it; none of what is ok
}

// Examination is what Doctor found.
type Examination struct {
	OK       bool      `json:"ok"` // a drill could run: nothing failed
	Findings []Finding `json:"findings"`
}

const (
	probeTimeout   = 10 * time.Second // any single probe
	doctorPatience = 2 * time.Second  // after which it is shown that something goes on
)

// Doctor checks whether this machine can run drills on the named cluster with the
// given node image (empty: the one Up would choose). The probes run side by side,
// each bounded in time. An error means that ctx was done or the name is wrong.
func (m *Manager) Doctor(ctx context.Context, name, image string) (Examination, error) {
	if err := validName(name); err != nil {
		return Examination{}, err
	}
	patience := time.AfterFunc(doctorPatience, func() { m.status.Start("Examining this machine") })
	defer func() {
		patience.Stop()
		m.status.End(true)
	}()
	visit := &visit{manager: m, name: name, image: image, goos: runtime.GOOS}
	visit.engine, visit.engineErr = m.engine.Info(ctx)
	findings := runProbes(ctx, visit.probes())
	if ctx.Err() != nil {
		return Examination{}, context.Cause(ctx)
	}
	return examination(findings), nil
}

func examination(findings []Finding) Examination {
	e := Examination{OK: true, Findings: findings}
	for _, finding := range findings {
		e.OK = e.OK && finding.Level != LevelFail
	}
	return e
}

// probe looks at one thing.
type probe func(ctx context.Context) Finding

// runProbes runs all probes at once and keeps their order.
func runProbes(ctx context.Context, probes []probe) []Finding {
	findings := make([]Finding, len(probes))
	var wg sync.WaitGroup
	for i, probe := range probes {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, probeTimeout)
			defer cancel()
			findings[i] = probe(ctx)
		})
	}
	wg.Wait()
	return findings
}

// visit is what the probes share.
type visit struct {
	manager   *Manager
	name      string
	image     string
	goos      string // this host's, as runtime.GOOS
	engine    EngineInfo
	engineErr error
}

// probes lists the probes in the order they are shown. Without an engine only those
// remain that need none.
func (v *visit) probes() []probe {
	if v.engineErr != nil {
		return []probe{v.probeEngine, v.probeInotify, v.probeKubectl, v.probePorts}
	}
	return []probe{
		v.probeEngine, v.probeVersion, v.probeCgroup, v.probeCPU, v.probeMemory, v.probeDisk,
		v.probeInotify, v.probeImage, v.probeKubectl, v.probePorts, v.probeCluster,
	}
}

func foundOK(check, message string) Finding {
	return Finding{Check: check, Level: LevelOK, Message: message}
}

// foundWarn and foundFail take the cure, which is never empty: a line that tells of
// something wrong tells what to do about it.
func foundWarn(check, message, cure string) Finding {
	return Finding{Check: check, Level: LevelWarn, Message: message, Cure: cure}
}

func foundFail(check, message, cure string) Finding {
	return Finding{Check: check, Level: LevelFail, Message: message, Cure: cure}
}
