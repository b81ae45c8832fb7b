package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// probeEngine: is there a container engine that answers this user?
func (v *visit) probeEngine(context.Context) Finding {
	if v.engineErr == nil {
		if v.engine.OSType != "" && v.engine.OSType != "linux" {
			return foundFail("engine", fmt.Sprintf("%s runs %s containers", v.engine.Provider, v.engine.OSType),
				"Switch Docker Desktop to Linux containers.")
		}
		return foundOK("engine", fmt.Sprintf("%s on %s answers", v.engine.Provider, orUnknown(v.engine.OS)))
	}
	message, cure := firstLine(v.engineErr.Error()), ""
	var notReady *NotReadyError
	if errors.As(v.engineErr, &notReady) {
		message, cure = notReady.What, notReady.Cure
		if notReady.Err != nil {
			message += ": " + firstLine(notReady.Err.Error())
		}
	}
	return foundFail("engine", message, cmp.Or(cure, "Start the engine, and see that its `info` (docker info, podman info) works as this user."))
}

// minimumVersions are what kind needs: --cgroupns came with Docker's API 1.41
// (20.10), kind's podman provider asks for 3.0, its nerdctl provider for 1.7.
func minimumVersion(provider string) string {
	switch provider {
	case "docker":
		return "20.10"
	case "podman":
		return "3.0"
	case "nerdctl", "nerdctl.lima":
		return "1.7"
	}
	return ""
}

// probeVersion: is the engine recent enough for kind?
func (v *visit) probeVersion(context.Context) Finding {
	has, wants := v.engine.Version, minimumVersion(v.engine.Provider)
	switch {
	case has == "":
		return foundWarn("version", "the engine does not tell its version", unknownVersionCure(v.engine.Provider, wants))
	case wants == "" || !olderThan(has, wants):
		return foundOK("version", fmt.Sprintf("%s %s", v.engine.Provider, has))
	}
	return foundFail("version", fmt.Sprintf("%s %s is older than %s, which kind needs", v.engine.Provider, has, wants),
		fmt.Sprintf("Update %s to %s or later.", v.engine.Provider, wants))
}

func unknownVersionCure(provider, wants string) string {
	cure := fmt.Sprintf("Run `%s version`: when no server answers, restart the engine", provider)
	if wants == "" {
		return cure + "."
	}
	return cure + fmt.Sprintf("; one older than %s is to be updated.", wants)
}

// probeCgroup: the kubelet of Kubernetes 1.35 and later refuses cgroup v1 unless told
// otherwise (failCgroupV1), which `up` does.
func (v *visit) probeCgroup(context.Context) Finding {
	switch v.engine.CgroupVersion {
	case "2":
		return foundOK("cgroup", "cgroup v2")
	case "1":
		return foundOK("cgroup", "cgroup v1: Kubernetes is told to accept it; it drops support in a later version")
	}
	return foundWarn("cgroup", "the engine does not tell its cgroup version: v2 is assumed",
		"Run `stat -fc %T /sys/fs/cgroup` where the engine runs: unless it says cgroup2fs, boot that machine with systemd.unified_cgroup_hierarchy=1. A newer engine (Docker 20.10, Podman 3.0) tells it.")
}

// Memory that a cluster of a control plane and two workers needs: measured, a ready
// cluster takes about 1.2 GiB, a drill another 0.5 GiB.
const (
	memoryNeeded = 2 << 30
	memoryWanted = 4 << 30
)

// probeMemory: is there enough memory for the nodes?
func (v *visit) probeMemory(context.Context) Finding {
	has := v.engine.MemoryBytes
	cure := "Give the engine more memory (Docker Desktop: Settings, Resources), or use `firedrill up --workers 1`."
	switch {
	case has <= 0:
		return foundWarn("memory", "the engine does not tell how much memory it has",
			fmt.Sprintf("Run `free -h` where the engine runs: with less than %s, use `firedrill up --workers 1`.", gib(memoryWanted)))
	case has < memoryNeeded:
		return foundFail("memory", fmt.Sprintf("%s: a cluster needs %s", gib(has), gib(memoryNeeded)), cure)
	case has < memoryWanted:
		return foundWarn("memory", fmt.Sprintf("%s: a drill is comfortable with %s", gib(has), gib(memoryWanted)), cure)
	}
	return foundOK("memory", gib(has))
}

// probeCPU: fewer than 2 cores make the control plane too slow to be believed.
func (v *visit) probeCPU(context.Context) Finding {
	switch {
	case v.engine.CPUs <= 0:
		return foundWarn("cpu", "the engine does not tell how many CPUs it has",
			"Run `nproc` where the engine runs: if it says 1, give the engine 2 CPUs or more.")
	case v.engine.CPUs < 2:
		return foundWarn("cpu", "1 CPU: the control plane will be slow, and drills with it", "Give the engine 2 CPUs or more.")
	}
	return foundOK("cpu", fmt.Sprintf("%d CPUs", v.engine.CPUs))
}

// probeImage: is the node image here, or can it be had? Unless another one is asked for, it is
// that of the cluster that is there, which `up` and `start` keep.
func (v *visit) probeImage(ctx context.Context) Finding {
	asked, made := v.image, false
	if asked == "" && v.manager.getenv(ImageVariable) == "" {
		// A state that cannot be read is probeCluster's finding.
		_, asked, made, _ = v.manager.MadeFrom(v.name)
	}
	ref, id, err := v.manager.chooseImage(ctx, asked)
	if err != nil {
		return foundFail("image", firstLine(err.Error()),
			fmt.Sprintf("See that --image and $%s, where they are set, are names of images, and that `%s images` works as this user.", ImageVariable, v.engine.Provider))
	}
	if id != "" {
		return foundOK("image", fmt.Sprintf("node image %s is here", shortRef(ref)))
	}
	cure := "Build one with scripts/nodeimage/build, or name one that is here: --image, or $" + ImageVariable + "."
	if err := v.manager.engine.Pullable(ctx, ref); err != nil {
		if made {
			return foundWarn("image", fmt.Sprintf("node image %s, from which cluster %q was made, is here no more and its registry does not give it: the cluster could not be made anew",
				shortRef(ref), v.name), cure)
		}
		return foundFail("image", fmt.Sprintf("node image %s is not here and its registry does not give it: %s", shortRef(ref), firstLine(err.Error())), cure)
	}
	return foundOK("image", fmt.Sprintf("node image %s is not here yet; `up` pulls it", shortRef(ref)))
}

// probeCluster: what is there under the cluster's name?
func (v *visit) probeCluster(ctx context.Context) Finding {
	there, err := v.manager.find(ctx, v.name)
	switch {
	case err != nil:
		return v.unusableCluster(err)
	case there.state == nil:
		return foundOK("cluster", fmt.Sprintf("no cluster %q yet; `up` makes it", v.name))
	case there.state.Phase != phaseReady:
		return foundWarn("cluster", fmt.Sprintf("cluster %q was never finished", v.name),
			fmt.Sprintf("Run `firedrill up%[1]s` or `firedrill down%[1]s`.", nameFlag(v.name)))
	}
	_, err = v.manager.Get(ctx, v.name)
	var foreign *ForeignError
	switch {
	case errors.As(err, &foreign):
		return v.unusableCluster(err)
	case err != nil:
		return foundWarn("cluster", firstLine(err.Error()),
			fmt.Sprintf("Run `firedrill up%s`: it brings the cluster back or makes it anew.", nameFlag(v.name)))
	}
	return foundOK("cluster", fmt.Sprintf("cluster %q is up", v.name))
}

// unusableCluster is what there is to do about a cluster that `up` would refuse.
func (v *visit) unusableCluster(err error) Finding {
	cure := fmt.Sprintf("See that `%s ps -a` works as this user.", v.engine.Provider)
	var (
		foreign  *ForeignError
		notReady *NotReadyError
	)
	if errors.As(err, &foreign) {
		cure = "Choose another name with --name."
	} else if errors.As(err, &notReady) && notReady.Cure != "" {
		cure = notReady.Cure
	} else if _, unread := loadState(v.manager.home, v.name); unread != nil {
		cure = fmt.Sprintf("Move %s away and run `firedrill down%s`: it knows the nodes by the folder that is mounted into them.",
			statePath(v.manager.home, v.name), nameFlag(v.name))
	}
	return foundFail("cluster", firstLine(err.Error()), cure)
}

// olderThan compares the leading numbers of two versions: 20.10.24+dfsg1 and 20.10.
func olderThan(version, minimum string) bool {
	has, wants := numbers(version), numbers(minimum)
	for i, want := range wants {
		if i >= len(has) {
			return true
		}
		if has[i] != want {
			return has[i] < want
		}
	}
	return false
}

func numbers(version string) []int {
	var parts []int
	for _, part := range strings.Split(strings.TrimPrefix(version, "v"), ".") {
		digits := part
		if i := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
			digits = part[:i]
		}
		n, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		parts = append(parts, n)
		if digits != part {
			break
		}
	}
	return parts
}

func gib(bytes int64) string {
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

func orUnknown(text string) string {
	if text == "" {
		return "an unknown system"
	}
	return text
}

// shortRef leaves out the digest of an image reference that has a tag as well.
func shortRef(ref string) string {
	name, _, _ := strings.Cut(ref, "@sha256:")
	return name
}
