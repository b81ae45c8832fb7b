package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// The user's kubeconfig is found by environment: these tests cannot run in parallel.

func TestExportKubeconfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	t.Setenv("KUBECONFIG", path)
	mine := clientcmdapi.NewConfig()
	mine.Clusters["work"] = &clientcmdapi.Cluster{Server: "https://work"}
	mine.AuthInfos["work"] = &clientcmdapi.AuthInfo{Token: "t"}
	mine.Contexts["work"] = &clientcmdapi.Context{Cluster: "work", AuthInfo: "work"}
	mine.CurrentContext = "work"
	if err := clientcmd.WriteToFile(*mine, path); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, 1)
	mustUp(t, f, Options{ExportKubeconfig: true})
	got, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.CurrentContext != "firedrill-firedrill" || len(got.Contexts) != 2 || got.Clusters["firedrill-firedrill"].Server != "https://127.0.0.1:1" {
		t.Errorf("after up: %+v", got)
	}
	if _, err := f.Down(t.Context(), DefaultName); err != nil {
		t.Fatal(err)
	}
	got, err = clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.CurrentContext != "work" || len(got.Contexts) != 1 || len(got.AuthInfos) != 1 || len(got.Clusters) != 1 {
		t.Errorf("after down: %+v", got)
	}
}

func TestExportKubeconfigIntoAFileOfItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".kube", "config")
	t.Setenv("KUBECONFIG", path)
	f := newFixture(t, 1)
	mustUp(t, f, Options{})
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the user's kubeconfig was written unasked: %v", err)
	}
	if _, reused := mustUp(t, f, Options{ExportKubeconfig: true}); !reused {
		t.Error("not reused")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Down(t.Context(), DefaultName); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file made for the entry is left: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder made for the file is left: %v", err)
	}
}

// A folder that was made for the entry stays once something else is in it.
func TestExportKubeconfigKeepsAFolderInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".kube", "config")
	t.Setenv("KUBECONFIG", path)
	f := newFixture(t, 1)
	mustUp(t, f, Options{ExportKubeconfig: true})
	cache := filepath.Join(filepath.Dir(path), "cache")
	if err := os.WriteFile(cache, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Down(t.Context(), DefaultName); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cache); err != nil {
		t.Error(err)
	}
}

// The user's file stays what it is: behind its symbolic links, with its permissions.
func TestExportKubeconfigKeepsTheFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need rights there, and permissions are none")
	}
	dir := t.TempDir()
	file, link := filepath.Join(dir, "dotfiles", "config"), filepath.Join(dir, "kube", "config")
	for _, folder := range []string{filepath.Dir(file), filepath.Dir(link)} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../dotfiles/config", filepath.Join(dir, "kube", "between")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("between", link); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", link)
	isLink := func() {
		t.Helper()
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link was replaced: %v, %v", info, err)
		}
	}
	f := newFixture(t, 1)

	mustUp(t, f, Options{ExportKubeconfig: true}) // the link leads nowhere yet
	isLink()
	if config, err := clientcmd.LoadFromFile(file); err != nil || config.CurrentContext != "firedrill-firedrill" {
		t.Errorf("behind the link: %+v, %v", config, err)
	}
	if _, err := f.Down(t.Context(), DefaultName); err != nil {
		t.Fatal(err)
	}
	isLink()
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file made for the entry is left: %v", err)
	}

	mine := clientcmdapi.NewConfig()
	mine.Contexts["work"] = &clientcmdapi.Context{Cluster: "work", AuthInfo: "work"}
	if err := clientcmd.WriteToFile(*mine, file); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	f.client = newClient(readyObjects(1)...)
	mustUp(t, f, Options{ExportKubeconfig: true})
	for _, when := range []string{"up", "down"} {
		isLink()
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("after %s: %v, %v, want mode 0640", when, info.Mode(), err)
		}
		if _, err := f.Down(t.Context(), DefaultName); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExportKubeconfigIntoALoop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if err := os.Symlink("config", path); err != nil {
		t.Skip(err)
	}
	if _, _, err := (&export{Path: path}).target(); err == nil {
		t.Error("a loop of links has a target")
	}
}

// TestExportKubeconfigIntoAnother: the entry goes into the file that is the user's now, and
// does not stay behind in the one before.
func TestExportKubeconfigIntoAnother(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "config"), filepath.Join(t.TempDir(), "config")
	t.Setenv("KUBECONFIG", first)
	f := newFixture(t, 1)
	mustUp(t, f, Options{ExportKubeconfig: true})
	t.Setenv("KUBECONFIG", second)
	mustUp(t, f, Options{ExportKubeconfig: true})
	if _, err := os.Stat(first); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the first file: %v, want it gone", err)
	}
	got, err := clientcmd.LoadFromFile(second)
	if err != nil || got.CurrentContext != "firedrill-firedrill" {
		t.Errorf("the second file: %v, %+v", err, got)
	}
	if _, err := f.Down(t.Context(), DefaultName); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(second); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after down: %v, want the second file gone", err)
	}
}
