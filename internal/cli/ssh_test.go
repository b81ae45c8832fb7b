package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSSHArguments(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		args []string
		want []string
	}{
		{"shell", []string{"ssh", "n"}, nil},
		{"shell, with a dangling dash", []string{"ssh", "n", "--"}, nil},
		{"command", []string{"ssh", "n", "--", "systemctl", "start", "kubelet"}, []string{"systemctl", "start", "kubelet"}},
		{"command with flags of its own", []string{"ssh", "n", "--", "ls", "-v", "--", "x"}, []string{"ls", "-v", "--", "x"}},
		{"command without the dashes, as ssh takes it", []string{"ssh", "n", "ls", "-v"}, []string{"ls", "-v"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cmd := newSSH(&Factory{})
			if err := cmd.ParseFlags(tc.args[1:]); err != nil {
				t.Fatal(err)
			}
			args := cmd.Flags().Args()
			if args[0] != "n" {
				t.Errorf("node = %q", args[0])
			}
			if diff := cmp.Diff(tc.want, remoteCommand(args[1:]), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("command (-want +got):\n%s", diff)
			}
		})
	}
}
