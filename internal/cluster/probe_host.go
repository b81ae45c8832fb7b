package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"
)

// Disk that a drill needs beside the node image: measured, three nodes write about
// 1.5 GiB into their volumes.
const (
	diskNeeded = 2 << 30
	diskWanted = 6 << 30
)

// probeDisk: is there room where the engine keeps images and volumes? It is asked
// of this host's file system, so only where the engine runs on this host.
func (v *visit) probeDisk(context.Context) Finding {
	dir := v.engine.Storage
	if !v.engineIsLocal() {
		return foundOK("disk", "not checked: the engine runs in a virtual machine or on another host")
	}
	free, err := freeSpace(existingParent(dir))
	if err != nil {
		return foundWarn("disk", fmt.Sprintf("cannot tell how much room %s has: %v", dir, err),
			fmt.Sprintf("Run `sudo df -h %s`: a cluster needs %s, %s are comfortable.", dir, gib(diskNeeded), gib(diskWanted)))
	}
	cure := fmt.Sprintf("Make room on the file system of %s, for example with `%s image prune`.", dir, v.engine.Provider)
	switch {
	case free < diskNeeded:
		return foundFail("disk", fmt.Sprintf("%s free in %s: a cluster needs %s", gib(free), dir, gib(diskNeeded)), cure)
	case free < diskWanted:
		return foundWarn("disk", fmt.Sprintf("%s free in %s: %s are comfortable", gib(free), dir, gib(diskWanted)), cure)
	}
	return foundOK("disk", fmt.Sprintf("%s free in %s", gib(free), dir))
}

// engineIsLocal tells whether the engine shares this host's kernel and files.
func (v *visit) engineIsLocal() bool {
	host, err := os.Hostname()
	return v.goos == "linux" && err == nil && v.engine.Name == host && v.engine.Storage != ""
}

// existingParent climbs from dir to a folder that this user can see.
func existingParent(dir string) string {
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// inotify limits that kind asks for (its site, "Known issues: pod errors due to too
// many open files"); they count for all nodes together. Below the needed ones,
// systemd or the kubelet in a node fails to start.
func inotifyLimits() []struct {
	file           string
	needed, wanted int
} {
	return []struct {
		file           string
		needed, wanted int
	}{
		{"max_user_watches", 8192, 524288},
		{"max_user_instances", 128, 512},
	}
}

// probeInotify: can so many nodes watch so many files?
func (v *visit) probeInotify(context.Context) Finding {
	if v.goos != "linux" || (v.engineErr == nil && !v.engineIsLocal()) {
		return foundOK("inotify", "not checked: the nodes' kernel is not this host's")
	}
	return inotify("/proc/sys/fs/inotify")
}

// inotify judges the limits that the files in dir hold.
func inotify(dir string) Finding {
	var messages, settings []string
	unread, tooLow := false, false
	for _, limit := range inotifyLimits() {
		setting := fmt.Sprintf("fs.inotify.%s=%d", limit.file, limit.wanted)
		has, err := readNumber(filepath.Join(dir, limit.file))
		if err != nil {
			messages, settings, unread = append(messages, err.Error()), append(settings, setting), true
			continue
		}
		messages = append(messages, fmt.Sprintf("%s %d", limit.file, has))
		if has < limit.wanted {
			settings = append(settings, setting)
		}
		tooLow = tooLow || has < limit.needed
	}
	message, command := strings.Join(messages, ", "), "`sudo sysctl -w "+strings.Join(settings, " ")+"`"
	switch {
	case len(settings) == 0:
		return foundOK("inotify", message)
	case unread && !tooLow:
		return foundWarn("inotify", message, "If nodes fail with \"too many open files\", run "+command+" on the machine whose kernel they use.")
	case tooLow:
		return foundFail("inotify", message, "Run "+command+", and put it into /etc/sysctl.d to keep it.")
	}
	return foundWarn("inotify", message, "Run "+command+", and put it into /etc/sysctl.d to keep it.")
}

func readNumber(file string) (int, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("cannot read %s: %w", file, err)
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(data)))
	if err != nil {
		return 0, fmt.Errorf("cannot read %s: %w", file, err)
	}
	return n, nil
}

// probeKubectl: does the trainee have a kubectl of about the cluster's version?
// Kubernetes supports one minor version of difference; firedrill itself needs none.
func (v *visit) probeKubectl(ctx context.Context) Finding {
	install := "Install kubectl: https://kubernetes.io/docs/tasks/tools/"
	out, err := exec.CommandContext(ctx, "kubectl", "version", "--client", "-o", "json").Output()
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return foundWarn("kubectl", "kubectl is not installed: firedrill runs without it, you repair with it", install)
	}
	var answer struct {
		ClientVersion struct{ GitVersion string }
	}
	if err == nil {
		err = json.Unmarshal(out, &answer)
	}
	if err != nil {
		return foundWarn("kubectl", fmt.Sprintf("kubectl does not tell its version: %v", err), install)
	}
	client, server := answer.ClientVersion.GitVersion, v.clusterVersion(ctx)
	if skew := minorOf(client) - minorOf(server); server != "" && (skew > 1 || skew < -1) {
		return foundWarn("kubectl", fmt.Sprintf("kubectl %s is %d minor versions from the cluster's %s", client, max(skew, -skew), server),
			"Install a kubectl of the cluster's version, or one minor version away from it.")
	}
	return foundOK("kubectl", "kubectl "+client)
}

// clusterVersion is the version of the cluster that is up, else the one that kind's
// default node image would have, "" when a custom image makes it unknown.
func (v *visit) clusterVersion(ctx context.Context) string {
	if v.engineErr == nil {
		if c, err := v.manager.Open(v.name); err == nil {
			if out, err := c.Run(ctx, c.state.Name+"-control-plane", "cat", "/kind/version"); err == nil {
				return strings.TrimSpace(out)
			}
		}
	}
	if v.image != "" || v.manager.getenv(ImageVariable) != "" {
		return ""
	}
	_, tag, _ := strings.Cut(shortRef(defaults.Image), ":")
	return tag
}

func minorOf(version string) int {
	if parts := numbers(version); len(parts) > 1 {
		return parts[1]
	}
	return 0
}

// probePorts: kind publishes the API server on a free port of the loopback address.
func (v *visit) probePorts(ctx context.Context) Finding {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return foundFail("ports", fmt.Sprintf("no free port on 127.0.0.1 for the API server: %v", err),
			"See what keeps programs from listening on 127.0.0.1: a firewall, or all ports in use.")
	}
	if err := listener.Close(); err != nil {
		return foundWarn("ports", fmt.Sprintf("a port on 127.0.0.1 could not be given back: %v", err),
			"Run `firedrill doctor` again; if it says the same, see with `ss -ltnp` what holds the ports.")
	}
	return foundOK("ports", "127.0.0.1 has free ports for the API server")
}
