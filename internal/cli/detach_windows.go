package cli

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// detach takes the process out of this console and its Ctrl-C group. It gets a console that
// nobody sees: without one, Windows would open one that everybody sees for each program that
// the process runs.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
		HideWindow:    true,
	}
}

// ownGroup makes the command end when its context does; Windows has no process groups
// that a signal reaches.
func ownGroup(*exec.Cmd) {}
