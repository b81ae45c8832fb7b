package cli

import (
	"os/exec"

	"github.com/firedrill/firedrill/internal/asciicast"
)

func (f *Factory) terminalSize() terminalSize { return terminalSize{defaultColumns, defaultRows} }

// runInTerminal is not to be had: Windows has no terminals of this kind.
func (f *Factory) runInTerminal(*exec.Cmd, *asciicast.Recorder, terminalSize) error {
	return usageErrorf("--record does not work on Windows: use WSL2, or asciinema's own recorder")
}
