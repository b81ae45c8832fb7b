package cli

import "testing"

func TestRedactedKeepsNoSecret(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		command []string
		want    string
	}{
		"plain":      {[]string{"systemctl", "enable", "--now", "kubelet"}, "systemctl enable --now kubelet"},
		"assignment": {[]string{"env", "TOKEN=abc", "curl"}, "env TOKEN=*** curl"},
		"flag=":      {[]string{"mysql", "--password=abc"}, "mysql --password=***"},
		"flag value": {[]string{"kubeadm", "join", "--token", "abc.def", "host"}, "kubeadm join --token *** host"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := redacted(tt.command); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadsOnly(t *testing.T) {
	t.Parallel()
	reads := [][]string{{"systemctl", "status", "kubelet"}, {"journalctl", "-u", "kubelet"}, {"crictl", "ps"}, {"systemctl", "is-enabled", "kubelet"}}
	writes := [][]string{{"systemctl", "start", "kubelet"}, {"systemctl"}, {"sh", "-c", "true"}, {"crictl", "rm", "x"}}
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
