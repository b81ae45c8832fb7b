package appimage

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestBinaryIsBuiltOnceForEachArchitecture(t *testing.T) {
	t.Parallel()
	b, builds := fakeBuilder(t)
	for _, arch := range []string{"amd64", "arm64", "amd64", "arm64"} {
		if _, _, _, err := b.Archive(t.Context(), arch, shop()); err != nil {
			t.Fatal(err)
		}
	}
	if *builds != 2 {
		t.Errorf("%d builds, want 2", *builds)
	}
	left, err := filepath.Glob(filepath.Join(b.cache, ".build-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestReleaseBinaryComesFirst(t *testing.T) {
	t.Parallel()
	b, builds := fakeBuilder(t)
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write([]byte("released")); err != nil || writer.Close() != nil {
		t.Fatal(err)
	}
	b.embedded = fstest.MapFS{"bin/drillapp-linux-amd64.gz": {Data: packed.Bytes()}}
	data, err := b.binary(t.Context(), "amd64")
	if err != nil || string(data) != "released" || *builds != 0 {
		t.Errorf("got %q, %v after %d builds", data, err, *builds)
	}
	if _, err := os.Stat(b.cache); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder was made for nothing: %v", err)
	}
	b.embedded = fstest.MapFS{"bin/drillapp-linux-amd64.gz": {Data: packed.Bytes()[:12]}}
	if _, err := b.binary(t.Context(), "amd64"); err == nil || *builds != 0 {
		t.Errorf("a broken release binary: %v after %d builds, want an error", err, *builds)
	}
}

func TestMainFileIsTheCommands(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../cmd/drillapp/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(data), "\r\n", "\n"), mainFile); diff != "" {
		t.Errorf("mainFile is not cmd/drillapp/main.go (-command +mainFile):\n%s", diff)
	}
}

// The sources build from any folder, and twice to the same binary.
func TestBuildFromSources(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no Go toolchain")
	}
	t.Chdir(t.TempDir())
	t.Setenv("GOFLAGS", "-mod=mod") // a user's setting that must not matter
	b := NewBuilder(t.TempDir())
	b.embedded = fstest.MapFS{}
	data, err := b.binary(t.Context(), "arm64")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := elf.NewFile(bytes.NewReader(data))
	if err != nil || binary.Machine != elf.EM_AARCH64 {
		t.Fatalf("not an arm64 binary: %v", err)
	}
	if libraries, err := binary.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("not static: needs %v", libraries)
	}
	b.cache = t.TempDir()
	again, err := b.binary(t.Context(), "arm64")
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("built twice, two binaries (%v)", err)
	}
}

func TestNoToolchainNamesBothWaysOut(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := compile(t.Context(), "amd64", filepath.Join(t.TempDir(), "drillapp"))
	if err == nil || !strings.Contains(err.Error(), "release build") || !strings.Contains(err.Error(), "go (1.26 or newer)") {
		t.Errorf("got %v", err)
	}
}
