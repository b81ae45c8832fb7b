package drillapp

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.go
var files embed.FS

// Sources returns this package's own Go files by name, tests left out: firedrill
// builds the program from them wherever there is a Go toolchain but no checkout. The
// linker leaves them out of the program itself, which never calls this.
func Sources() (map[string][]byte, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("embedded sources: %w", err)
	}
	sources := make(map[string][]byte, len(entries))
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		data, err := files.ReadFile(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("embedded sources: %w", err)
		}
		sources[entry.Name()] = data
	}
	return sources, nil
}

// SourceHash identifies the program by its sources: 12 hexadecimal digits.
func SourceHash() (string, error) {
	entries, err := fs.ReadDir(files, ".") // sorted by name
	if err != nil {
		return "", fmt.Errorf("embedded sources: %w", err)
	}
	sources, err := Sources()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, entry := range entries {
		if data, ok := sources[entry.Name()]; ok {
			fmt.Fprintf(hash, "%s %d\n%s", entry.Name(), len(data), data)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}
