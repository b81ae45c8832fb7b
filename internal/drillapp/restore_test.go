package drillapp

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// restored runs the mode and returns the storage's folder.
func restored(t *testing.T, images string) (root string, code int, stderr string) {
	t.Helper()
	root = t.TempDir()
	env := map[string]string{"REGISTRY_ROOT": root, "REGISTRY_HOST": "registry.example", "REGISTRY_IMAGES": images}
	var log bytes.Buffer
	code = Main(t.Context(), Process{
		Args: []string{"restore"}, Getenv: func(key string) string { return env[key] }, Stdout: io.Discard, Stderr: &log,
	})
	return filepath.Join(root, "docker", "registry", "v2"), code, log.String()
}

// follow reads the blob that a link names.
func follow(t *testing.T, root string, path ...string) []byte {
	t.Helper()
	link, err := os.ReadFile(filepath.Join(append(append([]string{root}, path...), "link")...))
	if err != nil {
		t.Fatal(err)
	}
	digest, found := strings.CutPrefix(string(link), "sha256:")
	if !found || len(digest) != 64 {
		t.Fatalf("link %q", link)
	}
	data, err := os.ReadFile(filepath.Join(root, "blobs", "sha256", digest[:2], digest, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if sum(data) != digest {
		t.Errorf("the blob of %v is not what its digest says", path)
	}
	return data
}

func TestRestoreLaysOutImages(t *testing.T) {
	t.Parallel()
	root, code, stderr := restored(t, `[{"repository":"shop/web","tags":["1.0","latest"],"env":{"VERSION":"1.0"}},{"repository":"shop/web","tags":["1.1"],"env":{"VERSION":"1.1"}}]`)
	if code != ExitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	tags := filepath.Join("repositories", "shop", "web", "_manifests", "tags")
	one, latest, two := follow(t, root, tags, "1.0", "current"), follow(t, root, tags, "latest", "current"), follow(t, root, tags, "1.1", "current")
	if !bytes.Equal(one, latest) || bytes.Equal(one, two) {
		t.Error("latest must be 1.0, and 1.1 another image")
	}
	var manifest struct {
		Config descriptor   `json:"config"`
		Layers []descriptor `json:"layers"`
	}
	if err := json.Unmarshal(one, &manifest); err != nil {
		t.Fatal(err)
	}
	for _, d := range append(manifest.Layers, manifest.Config) {
		digest := strings.TrimPrefix(d.Digest, "sha256:")
		if blob := follow(t, root, "repositories", "shop", "web", "_layers", "sha256", digest); len(blob) != d.Size {
			t.Errorf("%s is %d bytes long, the manifest says %d", d.MediaType, len(blob), d.Size)
		}
	}
	config := follow(t, root, "repositories", "shop", "web", "_layers", "sha256", strings.TrimPrefix(manifest.Config.Digest, "sha256:"))
	for _, want := range []string{`"VERSION=1.0"`, `"registry.example/shop/web"`, manifest.Layers[0].Digest} {
		if !strings.Contains(string(config), want) {
			t.Errorf("the image's configuration lacks %s: %s", want, config)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	for images, want := range map[string]string{
		"":                               "REGISTRY_IMAGES",
		`[{"repo":"x"}]`:                 "unknown field",
		`[{"repository":"x","tags":[]}]`: "tags",
	} {
		if _, code, stderr := restored(t, images); code != ExitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, %q, want %q in it", images, code, stderr, want)
		}
	}
}
