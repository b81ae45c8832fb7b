package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
	path := filepath.Join(t.TempDir(), "config")
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
}
