package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"strings"
	"time"
)

// infoTimeout bounds the first question to the engine: a hung daemon must not hang
// firedrill. A busy one was seen to take seconds.
const infoTimeout = 15 * time.Second

// Info is part of engine. Its errors are *NotReadyError.
func (r *cliEngine) Info(ctx context.Context) (EngineInfo, error) {
	asked, cancel := context.WithTimeoutCause(ctx, infoTimeout, fmt.Errorf("no answer within %s", infoTimeout))
	defer cancel()
	format := "{{json .}}"
	if r.binary == "podman" {
		format = "json"
	}
	out, err := r.output(asked, "info", "--format", format)
	if ctx.Err() != nil {
		return EngineInfo{}, context.Cause(ctx)
	}
	if err != nil && r.binary != "podman" && len(out) > 0 {
		// docker prints what the client knows even when the daemon is away.
		out = nil
	}
	if err != nil {
		return EngineInfo{}, r.unreachable(err)
	}
	info, err := parseInfo(r.binary, out)
	if err != nil {
		return EngineInfo{}, r.unreachable(err)
	}
	if engine := path.Base(r.binary); engine != "docker" && engine != "podman" { // nerdctl's info has containerd's version
		out, err := r.output(asked, "--version")
		if ctx.Err() != nil {
			return EngineInfo{}, context.Cause(ctx)
		}
		info.Version = ""
		if err == nil {
			info.Version = versionIn(string(out))
		}
	}
	return info, nil
}

// versionIn is the last word that looks like a version, as of "nerdctl version 2.0.3"; "":
// there is none.
func versionIn(said string) string {
	found := ""
	for _, word := range strings.Fields(said) {
		if word = strings.TrimPrefix(strings.TrimSuffix(word, ","), "v"); word != "" && word[0] >= '0' && word[0] <= '9' {
			found = word
		}
	}
	return found
}

func (r *cliEngine) unreachable(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return &NotReadyError{
			What: "no container engine is installed",
			Cure: "Install Docker, Podman or nerdctl; on Debian, scripts/engine installs and starts Docker.",
			Err:  err,
		}
	}
	return &NotReadyError{
		What: fmt.Sprintf("the container engine %s cannot be reached", r.binary),
		Cure: fmt.Sprintf("Start it (on Debian: scripts/engine), and see that `%s info` works as this user.", r.binary),
		Err:  err,
	}
}

// parseInfo reads `docker info`, `nerdctl info` (the same form) or `podman info`.
func parseInfo(binary string, data []byte) (EngineInfo, error) {
	if binary == "podman" {
		return parsePodmanInfo(data)
	}
	var raw struct {
		ID, ServerVersion, CgroupVersion, OSType, Architecture, DockerRootDir, Name, OperatingSystem string
		NCPU                                                                                         int
		MemTotal                                                                                     int64
		ServerErrors                                                                                 []string
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return EngineInfo{}, fmt.Errorf("read what %s info says: %w", binary, err)
	}
	if len(raw.ServerErrors) > 0 {
		return EngineInfo{}, errors.New(strings.Join(raw.ServerErrors, "; "))
	}
	return EngineInfo{
		Provider: binary, ID: raw.ID, Version: raw.ServerVersion, CgroupVersion: raw.CgroupVersion,
		CPUs: raw.NCPU, MemoryBytes: raw.MemTotal, OSType: raw.OSType, Architecture: raw.Architecture,
		Storage: raw.DockerRootDir, Name: raw.Name, OS: raw.OperatingSystem,
	}, nil
}

func parsePodmanInfo(data []byte) (EngineInfo, error) {
	var raw struct {
		Host struct {
			CgroupVersion, OS, Arch, Hostname string
			CPUs                              int
			MemTotal                          int64
			Distribution                      struct{ Distribution, Version string }
		}
		Store   struct{ GraphRoot string }
		Version struct{ Version string }
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return EngineInfo{}, fmt.Errorf("read what podman info says: %w", err)
	}
	return EngineInfo{
		Provider: "podman", ID: podmanID(raw.Host.Hostname, raw.Store.GraphRoot), Version: raw.Version.Version,
		CgroupVersion: strings.TrimPrefix(raw.Host.CgroupVersion, "v"),
		CPUs:          raw.Host.CPUs, MemoryBytes: raw.Host.MemTotal, OSType: raw.Host.OS, Architecture: raw.Host.Arch,
		Storage: raw.Store.GraphRoot, Name: raw.Host.Hostname,
		OS: strings.TrimSpace(raw.Host.Distribution.Distribution + " " + raw.Host.Distribution.Version),
	}, nil
}

// podmanID tells one user's podman from another one's, and from another machine's.
func podmanID(host, storage string) string {
	if host == "" || storage == "" {
		return ""
	}
	return host + ":" + storage
}
