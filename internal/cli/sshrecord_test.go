package cli

import "testing"

func TestReadsOnly(t *testing.T) {
	t.Parallel()
	reads := [][]string{{"systemctl", "status", "kubelet"}, {"journalctl", "-u", "kubelet"}, {"crictl", "ps"}, {"systemctl", "is-enabled", "kubelet"}, {"ip", "route", "show"}}
	writes := [][]string{{"systemctl", "start", "kubelet"}, {"systemctl"}, {"sh", "-c", "true"}, {"crictl", "rm", "x"}, {"ip", "link", "set", "eth0", "down"}}
	for _, c := range reads {
		if !readsOnly(c) {
			t.Errorf("%v was taken for a change", c)
		}
	}
	for _, c := range writes {
		if readsOnly(c) {
			t.Errorf("%v was taken for a look", c)
		}
	}
}
