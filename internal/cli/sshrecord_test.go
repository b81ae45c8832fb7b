package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/internal/cluster"
	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/session"
)

// TestReadsOnly: what a command line does in a node, as it is typed or given.
func TestReadsOnly(t *testing.T) {
	t.Parallel()
	looks := []string{
		"systemctl status kubelet", "systemctl --no-pager status kubelet", "systemctl -l --no-pager -n 50 status kubelet", "systemctl is-enabled kubelet",
		"systemctl list-units --failed", "systemctl --failed list-units", "systemctl -t service list-units", "systemctl cat kubelet", "SYSTEMD_COLORS=0 systemctl show kubelet",
		"/usr/bin/systemctl status kubelet", "sudo systemctl status kubelet", "journalctl -u kubelet -n 30 --no-pager",
		"crictl ps", "crictl images", "crictl -t 5s pods", "crictl inspectp x", "crictl logs x", "crictl stats", "ip route show", "ip a", "ss -tlnp", "dmesg -T",
		"openssl x509 -in /var/lib/kubelet/pki/kubelet-client-current.pem -noout -enddate", "openssl verify -CAfile ca.crt x.crt",
		"curl http://127.0.0.1:10248/healthz", "curl -sk https://localhost:6443/livez", "curl -sS -o /dev/null -w '%{http_code}' http://x", "curl -X GET http://x", "curl --request=HEAD http://x",
		"curl -H 'X-Data: d' http://x",
		"sed -n 1,20p /etc/hosts", "sed -n '/evictionHard/,/^$/p' /var/lib/kubelet/config.yaml", "sed -ne '$p' f", "sed -n -E '5p;10q' f",
		"find /etc -name '*.conf'", "date", "date +%s", "date -u", "date -d yesterday +%F", "hostname", "hostname -f", "mount", "mount -l", "mount -t ext4",
		"journalctl -u kubelet | grep -E 'error|fail' | tail -5", "df -h; free -m", "ls /x 2>/dev/null", "crictl ps 2>&1 | head", "ls x >/dev/null 2>&1 && echo yes",
		"sh -c 'df -h'", "kubectl get nodes", "kubectl --kubeconfig /etc/kubernetes/admin.conf -n x get pods", "echo \"a > b\"", "",
		"clear", "true", "sleep 5", "ping -c 3 10.0.0.1", "dig shop", "nslookup shop 10.96.0.10", "man systemctl", "htop", "kubelet --version",
		"nc -zv 10.0.0.1 6443", "nc -l 8080", "nc -zvw2 10.0.0.1 80", "timedatectl", "timedatectl status", "timedatectl show -p NTP",
		"awk '{print $1}' f", "awk -F: '$3 > 999' /etc/passwd", "awk -F ':' -v n=3 '$3>n {print $1}' f", "ps aux | awk '/kubelet|containerd/ {print $2}'", "awk '/systemd/' f",
		"env", "env -i", "env LC_ALL=C ls", "env -u LANG journalctl -n 5", "env | sort",
		"iptables -L", "iptables -nvL -t nat", "iptables -t nat -S KUBE-SERVICES", "iptables -tnat -L", "ip6tables --list --numeric", "iptables -L INPUT -n --line-numbers",
		"uniq f", "sort f | uniq -c", "uniq -f 2 f", "uniq -w3 -",
		"ctr -n k8s.io containers ls", "ctr --namespace k8s.io i ls -q", "ctr version", "ctr ns ls", "ctr -n k8s.io task ps x",
		"pgrep -a kubelet", "pidof containerd", "crictl inspect x | jq .status", "diff a b", "for f in /etc/cni/net.d/*; do cat $f; done", "if systemctl is-active kubelet; then echo yes; else echo no; fi",
		"while true; do date; sleep 1; done", "[ -e /run/x ] && echo yes", "test -f x || echo no", "hostnamectl", "sysctl -a", "sysctl vm.swappiness", "dpkg -l kubelet", "base64 -d f", "readlink -f x",
		"time ls", "! grep x f", "ls | tr a b | more",
	}
	changes := []string{
		"systemctl start kubelet", "systemctl", "systemctl --now enable kubelet", "systemctl --no-pager restart kubelet", "systemctl -t service stop status",
		"sh -c reboot", "sh -c 'rm x'", "crictl rm x", "crictl rmi x", "crictl exec x ls", "crictl pull x", "ip link set eth0 down", "ip netns exec x ls",
		"openssl x509 -in x -out y", "openssl genrsa 2048", "openssl",
		"curl -X POST http://x", "curl -XDELETE http://x", "curl -sd a=b http://x", "curl --data a http://x", "curl -T f http://x", "curl -o f http://x", "curl -LO http://x", "curl --request PUT http://x",
		"curl --output f http://x",
		"sed -i s/a/b/ f", "sed -n -i 1p f", "sed -ni 1p f", "sed s/a/b/ f", "sed -n 's/a/b/w f' g", "sed -n '1w f' g", "sed -n --in-place 1p f", "sed -n",
		"find / -name x -delete", "find / -exec rm {} +", "find / -execdir rm {} +", "find / -ok rm {} +", "find / -fprint f",
		"date -s 12:00", "date --set=12:00", "date -us 12:00", "date 112312002026", "hostname other", "mount /dev/sda /mnt", "mount -o remount,rw /",
		"journalctl --vacuum-time=1s", "journalctl --rotate", "dmesg -C", "ss -K dst 1.2.3.4", "kubectl delete pod x", "kubectl -n x exec p -- ls",
		"df -h; reboot", "echo x > f", "cat f | tee g", "echo `reboot`", "echo $(reboot)", "echo \"$(reboot)\"", "ls >> f", "ls & reboot", "(reboot)", "no-such-program",
		"kubelet", "kubelet --version --config x", "man -P reboot ls", "nc -e /bin/sh 10.0.0.1 80", "nc -lc reboot", "nc --sh-exec reboot x 1",
		"timedatectl set-time 12:00", "timedatectl set-ntp false", "clear; reboot", "sleep 5 && reboot", "true > f",
		"awk '{print > \"f\"}' g", "awk '{system(\"reboot\")}' f", "awk 'BEGIN { system (\"reboot\") }'", "awk '{print | \"sh\"}' f", "awk 'BEGIN {\"reboot\" | getline x}'",
		"awk '{printf \"%s\", $1 >> \"f\"}' g", "awk -f prog f", "awk -i inplace '{print}' f", "awk 'BEGIN {f=\"sys\" \"tem\"; @f(\"reboot\")}'", "awk", "awk '{print}' f > g",
		"env reboot", "env A=b systemctl stop kubelet", "env -S 'rm x'", "env -u LANG rm x", "env -C / rm x",
		"iptables -F", "iptables -t nat -F", "iptables -L -Z", "iptables -A INPUT -j DROP", "iptables -D INPUT 1", "iptables", "iptables -P INPUT DROP", "iptables --flush", "iptables -LF",
		"uniq good.yaml /var/lib/kubelet/config.yaml", "uniq -c a b", "uniq - b",
		"ctr images rm x", "ctr run ls x", "ctr -n k8s.io t kill x", "ctr t exec --exec-id ls x sh", "ctr containers", "ctr images pull ls",
		"for f in *; do rm $f; done", "if true; then reboot; fi", "while true; do systemctl restart kubelet; done", "hostnamectl hostname x", "hostnamectl set-hostname x", "sysctl -w vm.swappiness=0",
		"sysctl vm.swappiness=0", "sysctl -p", "dpkg -i x.deb", "dpkg", "for f in $(reboot); do ls; done", "[ -e x ] && reboot",
	}
	for _, line := range looks {
		if !readsOnlyLine(line) {
			t.Errorf("%q was taken for a change", line)
		}
	}
	for _, line := range changes {
		if readsOnlyLine(line) {
			t.Errorf("%q was taken for a look", line)
		}
	}
	if words := strings.Fields("systemctl --no-pager status kubelet"); !readsOnly(words) || readsOnly([]string{"find", "/", "-delete"}) {
		t.Error("a command that is given is not judged as a typed one is")
	}
}

// pagedOn begins a run on the cluster c1 and pages its trainee.
func pagedOn(t *testing.T, f *Factory, run, node string) {
	t.Helper()
	beginRun(t, f, drill.Created{Run: run, Cluster: cluster.DefaultName, ClusterID: "c1", Node: node})
	r, err := f.openRun(run)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.journal.Append(t.Context(), "page", drill.Page{Text: "p"}); err != nil {
		t.Fatal(err)
	}
}

func TestWhichRunAShellIsFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		runs  map[string]string // nodes by run
		named string
		node  string
		want  string
		warns bool
	}{
		"none under way":          {node: "w3"},
		"the only one":            {runs: map[string]string{"shop-aaaaa": ""}, node: "w1", want: "shop-aaaaa"},
		"named":                   {runs: map[string]string{"shop-aaaaa": "w3", "shop-bbbbb": ""}, named: "shop-bbbbb", node: "w3", want: "shop-bbbbb"},
		"whose node it is not":    {runs: map[string]string{"shop-aaaaa": "w3"}, node: "w1", want: "shop-aaaaa"},
		"whose node it is":        {runs: map[string]string{"shop-aaaaa": "w3", "shop-bbbbb": "w4", "shop-ccccc": ""}, node: "w4", want: "shop-bbbbb"},
		"named one is over":       {runs: map[string]string{"shop-aaaaa": "w3", "shop-bbbbb": ""}, named: "shop-zzzzz", node: "w3", want: "shop-aaaaa"},
		"nobody can tell":         {runs: map[string]string{"shop-aaaaa": "w3", "shop-bbbbb": ""}, node: "w1", warns: true},
		"nobody can tell of two ": {runs: map[string]string{"shop-aaaaa": "", "shop-bbbbb": ""}, node: "w1", warns: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := testFactory(t)
			errOut := new(strings.Builder)
			f.IO.Err = errOut
			getenv := f.Getenv
			f.Getenv = func(key string) string {
				if key == "FIREDRILL_RUN" {
					return tc.named
				}
				return getenv(key)
			}
			for run, node := range tc.runs {
				pagedOn(t, f, run, node)
			}
			recorder, err := f.recorderFor(t.Context(), "c1", tc.node, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if r := recorder.(*runRecorder).run; r != nil {
				got = r.name()
			}
			if got != tc.want {
				t.Errorf("recorded for %q, want %q", got, tc.want)
			}
			if warned := strings.Contains(errOut.String(), "what is done on node "+tc.node+" is not recorded"); warned != tc.warns {
				t.Errorf("warned = %t: %s", warned, errOut)
			}
		})
	}
}

// The control plane's node is open only while no run is under way, paged or not.
func TestNoShellOnTheControlPlaneInADrill(t *testing.T) {
	t.Parallel()
	controlPlane := cluster.NodeInfo{Name: "firedrill-control-plane", Role: cluster.RoleControlPlane}
	f := testFactory(t)
	beginRun(t, f, drill.Created{Run: "shop-other", Cluster: "another", ClusterID: "c9"})
	if err := f.refuseControlPlane(controlPlane, "c1"); err != nil {
		t.Errorf("refused without a run on it: %v", err)
	}
	beginRun(t, f, drill.Created{Run: "shop-aaaaa", Cluster: cluster.DefaultName, ClusterID: "c1"})
	err := f.refuseControlPlane(controlPlane, "c1")
	if exitCode(err) != exitUsage || !strings.Contains(err.Error(), "while run shop-aaaaa is under way") {
		t.Errorf("refuseControlPlane = %v", err)
	}
	if err := f.refuseControlPlane(cluster.NodeInfo{Name: "firedrill-worker", Role: cluster.RoleWorker}, "c1"); err != nil {
		t.Errorf("a worker was refused: %v", err)
	}
}

// A line of shell given as one argument is one unknown program: how it ended is told
// without its secrets.
func TestSecretsOfACommandAreNotRecorded(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{
		{"PGPASSWORD=hunter2 psql"},
		{"PGPASSWORD=hunter2", "psql"},
		{"mysql -phunter2 shop"},
		{"curl -u app:hunter2 http://shop"},
	} {
		f, r := pagedRun(t, "")
		s := &runRecorder{run: r}
		if _, err := s.Started(t.Context(), "w1", command); err != nil {
			t.Fatal(err)
		}
		if err := s.Ended(t.Context(), "w1", command, 127); err != nil {
			t.Fatal(err)
		}
		r, err := f.openRun(r.name())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Events) != 2 || !strings.Contains(r.Events[1].Text, "on node w1 ended with exit code 127") {
			t.Errorf("%q: events %+v", command, r.Events)
		}
		journal, err := os.ReadFile(filepath.Join(r.store.Dir(r.name()), session.JournalFile))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(journal), "hunter2") {
			t.Errorf("%q: the journal holds the password: %s", command, journal)
		}
	}
}

// A shell may be open before its run is paged and longer than a run: what is typed belongs to
// the run that it is for then, and to no other.
func TestAShellOutlivesItsRun(t *testing.T) {
	t.Parallel()
	f := testFactory(t)
	f.startReferee = func(context.Context, *openRun) error { return nil }
	add := func(run, kind string, data any) {
		t.Helper()
		r, err := f.openRun(run)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.journal.Append(t.Context(), kind, data); err != nil {
			t.Fatal(err)
		}
	}
	began := func(run, node string) {
		t.Helper()
		beginRun(t, f, drill.Created{Run: run, Cluster: cluster.DefaultName, ClusterID: "c1", Node: node})
	}
	recorder, err := f.recorderFor(t.Context(), "c1", "w3", silentNode{})
	if err != nil {
		t.Fatal(err)
	}
	s := recorder.(*runRecorder)
	if _, err := s.Started(t.Context(), "w3", nil); err != nil {
		t.Fatal(err)
	}
	typed := func(line string) {
		t.Helper()
		if err := s.typed(t.Context(), "w3", line); err != nil {
			t.Fatal(err)
		}
	}
	typed("echo before any run")
	began("shop-other", "") // of somebody else, paged below
	began("shop-aaaaa", "w3")
	add("shop-other", "page", drill.Page{Text: "p"})
	typed("echo before the page")
	add("shop-aaaaa", "page", drill.Page{Text: "p"})
	typed("systemctl status kubelet")
	add("shop-aaaaa", "phase", drill.PhaseChange{Phase: drill.PhaseFinished, Attempt: 1})
	add("shop-other", "phase", drill.PhaseChange{Phase: drill.PhaseFinished, Attempt: 1})
	typed("echo between two runs")
	began("shop-bbbbb", "w3")
	add("shop-bbbbb", "page", drill.Page{Text: "p"})
	typed("systemctl start kubelet")
	if err := s.Ended(t.Context(), "w3", nil, 0); err != nil {
		t.Fatal(err)
	}
	for run, want := range map[string][]string{
		"shop-other": nil,
		"shop-aaaaa": {"has a shell on node w3, which was opened before", "ran on node w3: systemctl status kubelet"},
		"shop-bbbbb": {"has a shell on node w3, which was opened before", "ran on node w3: systemctl start kubelet", "left the shell on node w3"},
	} {
		r, err := f.openRun(run)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range r.Events {
			got = append(got, e.Text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", run, got, want)
		}
	}
}
