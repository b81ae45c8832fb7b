package scenario

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

//go:embed skeleton
var skeleton embed.FS

// WriteSkeleton writes the folder of a new scenario, dir/name: a small drill that
// works, to be changed piece by piece. It refuses a name that is no scenario's, and a
// folder that is there.
func WriteSkeleton(dir, name string) error {
	if pattern, description := patternOf(formatDNSLabel); !regexp.MustCompile(pattern).MatchString(name) {
		return fmt.Errorf("%q is no scenario's name: it is %s", name, description)
	}
	target := filepath.Join(dir, name)
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is already there: choose another name", target)
	}
	values := strings.NewReplacer(
		"@NAME@", name,
		"@TITLE@", harmless(name, "Every third order fails since this morning", "A share of the answers is bad", "Customers complain"),
		"@NAMESPACE@", harmless(name, "store", "market", "web"),
	)
	return fs.WalkDir(skeleton, "skeleton", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read the skeleton: %w", err)
		}
		to := filepath.Join(target, filepath.FromSlash(strings.TrimPrefix(path, "skeleton")))
		if entry.IsDir() {
			return wrapWrite(os.MkdirAll(to, 0o755)) //nolint:gosec // a scenario's source is no secret
		}
		data, err := skeleton.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read the skeleton: %w", err)
		}
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(path, ".sh") {
			mode = 0o755
		}
		return wrapWrite(os.WriteFile(to, []byte(values.Replace(string(data))), mode))
	})
}

func wrapWrite(err error) error {
	if err != nil {
		return fmt.Errorf("write the new scenario: %w", err)
	}
	return nil
}

// harmless returns the first text that does not give a scenario's name away.
func harmless(name string, texts ...string) string {
	for _, text := range texts {
		if givesAway(name, text) == "" {
			return text
		}
	}
	return texts[0]
}
