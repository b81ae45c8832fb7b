package cli

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// detach takes the process out of this console and its Ctrl-C group.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS,
		HideWindow:    true,
	}
}

// ownGroup makes the command end when its context does; Windows has no process groups
// that a signal reaches.
func ownGroup(*exec.Cmd) {}
