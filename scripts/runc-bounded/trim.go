//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// bounds is what this process may hand on to a container.
type bounds struct {
	// caps is the capability bounding set, one bit a capability.
	caps uint64
	// hardLimit returns the hard limit of a resource, false if it is unknown.
	hardLimit func(resource int) (uint64, bool)
}

// selfBounds reads this process's own bounds.
func selfBounds() (bounds, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return bounds{}, err
	}
	_, after, _ := strings.Cut(string(status), "CapBnd:")
	field, _, _ := strings.Cut(strings.TrimSpace(after), "\n")
	caps, err := strconv.ParseUint(field, 16, 64)
	if err != nil {
		return bounds{}, fmt.Errorf("capability bounding set in /proc/self/status: %w", err)
	}
	return bounds{caps: caps, hardLimit: hardLimit}, nil
}

func hardLimit(resource int) (uint64, bool) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(resource, &limit) != nil {
		return 0, false
	}
	return limit.Max, true
}

// capabilityNames lists the capabilities in the kernel's order, which is their
// bit in the bounding set (linux/capability.h).
func capabilityNames() []string {
	return strings.Fields(`CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
		LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE
		SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
		SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
		WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`)
}

// limitNames lists the resources in the kernel's order (asm-generic/resource.h).
func limitNames() []string {
	return strings.Fields(`CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING
		MSGQUEUE NICE RTPRIO RTTIME`)
}

const sysResource = "SYS_RESOURCE"

// can says whether the bounding set holds a capability. One that this list does
// not know is left to runc to judge.
func (b bounds) can(name string) bool {
	bit := slices.Index(capabilityNames(), strings.TrimPrefix(name, "CAP_"))
	return bit < 0 || b.caps>>bit&1 == 1
}

// object is a JSON object whose members stay as they were written, so that
// nothing of a newer specification is lost.
type object = map[string]json.RawMessage

// trimFile rewrites a specification within own.
func trimFile(file string, kind specKind, own bounds) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	trimmed, err := trimSpec(data, kind, own)
	if err != nil {
		return err
	}
	return os.WriteFile(file, trimmed, 0o600) // an existing file keeps its mode
}

func trimSpec(data []byte, kind specKind, own bounds) ([]byte, error) {
	if kind == processSpec {
		return trimProcess(data, own)
	}
	var spec object
	if err := json.Unmarshal(data, &spec); err != nil {
		return nil, err
	}
	process, ok := spec["process"]
	if !ok {
		return data, nil
	}
	trimmed, err := trimProcess(process, own)
	if err != nil {
		return nil, err
	}
	spec["process"] = trimmed
	return json.Marshal(spec)
}

func trimProcess(data []byte, own bounds) ([]byte, error) {
	var process object
	if err := json.Unmarshal(data, &process); err != nil {
		return nil, err
	}
	edits := map[string]func(json.RawMessage, bounds) (json.RawMessage, error){
		"capabilities": trimCapabilities,
	}
	if !own.can(sysResource) { // with it, a process may raise its limits and lower its OOM score
		edits["rlimits"], edits["oomScoreAdj"] = trimLimits, trimOOMScore
	}
	for key, edit := range edits {
		value, ok := process[key]
		if !ok {
			continue
		}
		trimmed, err := edit(value, own)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		process[key] = trimmed
	}
	return json.Marshal(process)
}

func trimCapabilities(data json.RawMessage, own bounds) (json.RawMessage, error) {
	var sets map[string][]string
	if err := json.Unmarshal(data, &sets); err != nil {
		return nil, err
	}
	for set, names := range sets {
		sets[set] = slices.DeleteFunc(names, func(name string) bool { return !own.can(name) })
	}
	return json.Marshal(sets)
}

// trimLimits lowers what is above this process's own hard limits.
func trimLimits(data json.RawMessage, own bounds) (json.RawMessage, error) {
	var limits []struct {
		Type string `json:"type"`
		Hard uint64 `json:"hard"`
		Soft uint64 `json:"soft"`
	}
	if err := json.Unmarshal(data, &limits); err != nil {
		return nil, err
	}
	for i := range limits {
		resource := slices.Index(limitNames(), strings.TrimPrefix(limits[i].Type, "RLIMIT_"))
		if ceiling, ok := own.hardLimit(resource); ok {
			limits[i].Hard = min(limits[i].Hard, ceiling)
			limits[i].Soft = min(limits[i].Soft, ceiling)
		}
	}
	return json.Marshal(limits)
}

func trimOOMScore(data json.RawMessage, _ bounds) (json.RawMessage, error) {
	var score int
	if err := json.Unmarshal(data, &score); err != nil {
		return nil, err
	}
	return json.Marshal(max(score, 0))
}
