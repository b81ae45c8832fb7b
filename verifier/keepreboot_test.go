package verifier

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const nodeMounts = "Mount=/ overlay\nMount=/dev tmpfs\nMount=/var ext4\nMount=/run tmpfs\nMount=/tmp tmpfs\nMount=/etc/hosts ext4\n"

// runBy is a node whose units are well and run by the files, beside what every one has.
func runBy(more ...string) fakeNodes {
	return func(node string, command ...string) (string, error) {
		units, err := systemd(running, running)(node, command...)
		return units + "\nProcess=7\nFile=/etc/systemd/system/kubelet.service\nFile=/var/lib/kubelet/config.yaml\n" + nodeMounts + strings.Join(more, "\n"), err
	}
}

func TestUnitsPersist(t *testing.T) {
	t.Parallel()
	healthy := runBy()
	cases := map[string]struct {
		before, now fakeNodes
		passed      bool
		want        string
	}{
		"as before":                  {healthy, healthy, true, "survives a reboot"},
		"another lasting file":       {healthy, runBy("File=/etc/kubelet/config.yaml"), true, "survives a reboot"},
		"configuration under /tmp":   {healthy, runBy("File=/tmp/kubelet.yaml"), false, "/tmp/kubelet.yaml, which a unit runs by, lies in memory (tmpfs on /tmp): the next reboot undoes it"},
		"drop-in of this boot":       {healthy, runBy("File=/run/systemd/system/kubelet.service.d/override.conf"), false, "lies in memory (tmpfs on /run)"},
		"a like-named folder":        {healthy, runBy("File=/tmpfiles/kubelet.yaml"), true, "survives a reboot"},
		"memory mounted elsewhere":   {healthy, runBy("File=/srv/kubelet.yaml", "Mount=/srv tmpfs"), false, "tmpfs on /srv"},
		"a file mounted over":        {healthy, runBy("Mount=/var/lib/kubelet/config.yaml ext4"), false, "/var/lib/kubelet/config.yaml was mounted over by hand (ext4)"},
		"a folder mounted over":      {healthy, runBy("Mount=/etc overlay"), false, "/etc was mounted over by hand"},
		"mounted over a second time": {healthy, runBy("Mount=/etc/hosts ext4"), false, "/etc/hosts was mounted over"},
		"on a disk mounted by hand":  {healthy, runBy("File=/mnt/data/kubelet.yaml", "Mount=/mnt/data ext4"), false, "lies on what was mounted by hand (ext4 on /mnt/data)"},
		"a disk mounted for data":    {healthy, runBy("Mount=/mnt/data ext4"), true, "survives a reboot"},
		"a pod's volume":             {healthy, runBy("Mount=/var/lib/kubelet/pods/x tmpfs", "Mount=/var/lib/kubelet/plugins/x ext4"), true, "survives a reboot"},
		"the node's own way":         {runBy("File=/run/own.conf", "Mount=/etc/own tmpfs"), runBy("File=/run/own.conf", "Mount=/etc/own tmpfs"), true, "survives a reboot"},
		"a unit that does not run":   {healthy, systemd(stopped, running), true, "kubelet does not run"},
		"half an answer":             {healthy, systemd(running, running), false, "error: did not say what its units run by"},
		"no word of the other process": {healthy, func(n string, c ...string) (string, error) {
			s, err := healthy(n, c...)
			return strings.Replace(s, "Process=7", "", 1), err
		}, false, "error: said nothing of what process 7 of kubelet"},
		"a mount of the runtime's": {healthy, runBy("Mount=/var/lib/containerd ext4"), true, "survives a reboot"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := &UnitsPersist{nodeRef{"worker"}, []string{"kubelet", "containerd"}}
			on := target()
			on.Baseline, on.Nodes = new(Baseline), c.before
			if err := on.Baseline.TakeFor(t.Context(), on, Plan{Safeguards: []Guard{{Name: "kept", Checker: check}}}); err != nil {
				t.Fatal(err)
			}
			on.Nodes = c.now
			expect(t, check, on, c.passed, c.want)
		})
	}
	t.Run("nothing to compare with", func(t *testing.T) {
		t.Parallel()
		check := &UnitsPersist{nodeRef{"worker"}, []string{"kubelet"}}
		expect(t, check, target(), false, "error: no baseline")
		on := target()
		on.Baseline, on.Nodes = new(Baseline), healthy
		expect(t, check, on, false, "error: the baseline does not say")
	})
}

// TestUnitsScript runs the script with a systemctl of the test's, which shows a unit whose
// process is a real one.
func TestUnitsScript(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "sed", "readlink"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	if _, err := os.Stat("/proc/self/mountinfo"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil { //nolint:gosec // one is a program
			t.Fatal(err)
		}
		return path
	}
	config, dropIn, environment := write("config.yaml", ""), write("10.conf", ""), write("env", "")
	link := filepath.Join(dir, "link.yaml")
	if err := os.Symlink(config, link); err != nil {
		t.Fatal(err)
	}
	write("systemctl", `#!/bin/sh
printf '%s\n' MainPID=$TEST_PID Id=kubelet.service LoadState=loaded ActiveState=active UnitFileState=static WantedBy= TriggeredBy=kubelet.timer \
  FragmentPath= "DropInPaths=/no/such.conf `+dropIn+`" "EnvironmentFiles=`+environment+` (ignore_errors=yes)" EnvironmentFiles=/no/such.env
echo
printf '%s\n' Id=containerd.service ActiveState=inactive MainPID=0`)
	kubelet := exec.CommandContext(t.Context(), "sh", "-c", "read wait", "--config="+link, "--endpoint=unix:///tmp", "--slice=/no/such.slice", "10")
	stdin, err := kubelet.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := kubelet.Start(); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(kubelet.Process.Pid)
	ask := exec.CommandContext(t.Context(), "sh", "-c", unitsScript, "sh", "containerd.service", "kubelet.service")
	ask.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "TEST_PID="+pid)
	out, err := ask.CombinedOutput()
	_ = stdin.Close()
	_ = kubelet.Wait()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	units := parseUnits(string(out))
	if u := units["kubelet.service"]; u.pid != pid || !u.wanted || !u.isEnabled() || units["containerd.service"].pid != "0" {
		t.Errorf("units: %+v", units)
	}
	s, err := parseSettings("worker", string(out))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.processes, []string{pid}) {
		t.Errorf("processes: %q", s.processes)
	}
	for _, file := range []string{config, dropIn, environment} {
		followed, err := filepath.EvalSymlinks(file)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(s.files, followed) {
			t.Errorf("%s is not told of: %q", followed, s.files)
		}
	}
	if slices.ContainsFunc(s.files, func(f string) bool { return f == link || strings.Contains(f, "such") || !filepath.IsAbs(f) }) {
		t.Errorf("files: %q", s.files)
	}
	if root := s.mountOf("/"); root.point != "/" || root.kind == "" {
		t.Errorf("mounts: %+v", s.mounts)
	}
}
