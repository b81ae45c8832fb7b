package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/iostreams"
	"github.com/firedrill/firedrill/internal/session"
)

// syncBuffer may be read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestMetricsAreServed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	streams, _, _, _ := iostreams.Test()
	said := &syncBuffer{}
	streams.Err = said
	f := NewFactory(streams)
	f.Getenv = func(key string) string {
		if key == "FIREDRILL_HOME" {
			return dir
		}
		return ""
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.serveMetricsUntilDone(ctx, "localhost:0") }()
	address := regexp.MustCompile(`http://\S+/metrics`)
	url := ""
	for begin := time.Now(); url == ""; url = address.FindString(said.String()) {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("nothing is served")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if code, body := fetch(t, url); code != http.StatusOK || strings.Contains(body, "firedrill_") {
		t.Errorf("without runs: %d, %s", code, body)
	}
	journal, err := session.NewStore(filepath.Join(dir, "runs")).Create("shop-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	if err := drill.Begin(ctx, journal, drill.Created{Run: "shop-aaaaa", Scenario: "oomkilled"}); err != nil {
		t.Fatal(err)
	}
	if code, body := fetch(t, url); code != http.StatusOK || !strings.Contains(body, `firedrill_active_runs{phase="preparing",scenario="oomkilled"} 1`) {
		t.Errorf("with a run: %d, %s", code, body)
	}
	damaged := filepath.Join(dir, "runs", "shop-aaaaa", session.JournalFile)
	if err := os.WriteFile(damaged, []byte(`{"seq":1,"type":"created","data":{}}`+"\n"+`{"seq":2,"type":"phase","data":"x"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, body := fetch(t, url); code != http.StatusInternalServerError || !strings.Contains(body, "shop-aaaaa") {
		t.Errorf("with a damaged journal: %d, %s", code, body)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("a Ctrl-C is an error: %v", err)
	}
	if _, err := f.serveMetrics(t.Context(), "nonsense"); err == nil || !strings.Contains(err.Error(), "localhost:9130") {
		t.Errorf("a bad address: %v", err)
	}
}

func fetch(t *testing.T, url string) (code int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}
