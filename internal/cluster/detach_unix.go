//go:build !windows

package cluster

import (
	"os/exec"
	"syscall"
)

// detach puts a command into a process group of its own, so that a Ctrl-C on the
// terminal does not reach it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
