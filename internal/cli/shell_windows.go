package cli

import (
	"os/exec"

	"github.com/firedrill/firedrill/internal/asciicast"
)

// canRecord refuses: Windows has no terminals of the kind that is recorded.
func canRecord() error {
	return usageErrorf("--record does not work on Windows: use WSL2, or a recorder of its own")
}

func (f *Factory) terminalSize() terminalSize { return terminalSize{defaultColumns, defaultRows} }

func (f *Factory) runInTerminal(*exec.Cmd, *asciicast.Recorder, terminalSize) error {
	return canRecord()
}
