package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(f *Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print firedrill's version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return f.Printf("firedrill %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

// release is the version that scripts/release builds; empty in any other build.
var release string //nolint:gochecknoglobals // set by the linker, never by code

// version is the release's, else the module's version as the Go toolchain stamped it,
// with the commit when built from a checkout.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && text == "(devel)" {
			text += " " + setting.Value[:min(12, len(setting.Value))]
		}
	}
	return text
}
