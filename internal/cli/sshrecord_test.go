package cli

import (
	"strings"
	"testing"
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
	}
	changes := []string{
		"systemctl start kubelet", "systemctl", "systemctl --now enable kubelet", "systemctl --no-pager restart kubelet", "systemctl -t service stop status",
		"sh -c true", "sh -c 'rm x'", "crictl rm x", "crictl rmi x", "crictl exec x ls", "crictl pull x", "ip link set eth0 down", "ip netns exec x ls",
		"openssl x509 -in x -out y", "openssl genrsa 2048", "openssl",
		"curl -X POST http://x", "curl -XDELETE http://x", "curl -sd a=b http://x", "curl --data a http://x", "curl -T f http://x", "curl -o f http://x", "curl -LO http://x", "curl --request PUT http://x",
		"curl --output f http://x",
		"sed -i s/a/b/ f", "sed -n -i 1p f", "sed -ni 1p f", "sed s/a/b/ f", "sed -n 's/a/b/w f' g", "sed -n '1w f' g", "sed -n --in-place 1p f", "sed -n",
		"find / -name x -delete", "find / -exec rm {} +", "find / -execdir rm {} +", "find / -ok rm {} +", "find / -fprint f",
		"date -s 12:00", "date --set=12:00", "date -us 12:00", "date 112312002026", "hostname other", "mount /dev/sda /mnt", "mount -o remount,rw /",
		"journalctl --vacuum-time=1s", "journalctl --rotate", "dmesg -C", "ss -K dst 1.2.3.4", "kubectl delete pod x", "kubectl -n x exec p -- ls",
		"df -h; reboot", "echo x > f", "cat f | tee g", "echo `reboot`", "echo $(reboot)", "echo \"$(reboot)\"", "ls >> f", "ls & reboot", "(reboot)", "true",
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
