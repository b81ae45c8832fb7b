package cluster

import (
	"os/exec"
	"syscall"
)

// detach puts a command into a process group of its own, so that a Ctrl-C on the
// console does not reach it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
