package drillapp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestMainExitCodes(t *testing.T) {
	t.Parallel()
	_, server := testApp(t, map[string]string{"EXPECT_TOKEN": "x"})
	tests := []struct {
		name string
		args []string
		env  map[string]string
		want int
		says string
	}{
		{name: "unknown mode", args: []string{"dance"}, want: ExitUsage, says: "unknown mode"},
		{name: "mode from the environment", env: map[string]string{"DRILLAPP_MODE": "dance"}, want: ExitUsage, says: "unknown mode"},
		{name: "every mistake at once", args: []string{"serve"}, env: map[string]string{"WORKING_SET": "48MB", "LATENCY": "20"}, want: ExitUsage, says: "LATENCY"},
		{name: "required environment", env: map[string]string{"REQUIRED_ENV": "DB_URL, PORT", "PORT": "1"}, want: ExitUsage, says: "missing: DB_URL"},
		{name: "http-get answers", args: []string{"http-get", server.URL + "/healthz"}, want: ExitOK},
		{name: "http-get refused", args: []string{"http-get", server.URL + "/"}, want: ExitError, says: "401"},
		{name: "http-get nobody there", args: []string{"http-get", "http://127.0.0.1:1/"}, want: ExitError, says: "refused"},
		{name: "probe without a url", args: []string{"probe"}, want: ExitUsage, says: "url is missing"},
		{name: "probe with an unknown field", args: []string{"probe"}, env: map[string]string{"PROBE_CONFIG": `[{"adress":"x"}]`}, want: ExitUsage, says: "adress"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			code := Main(t.Context(), Process{
				Args: test.args, Getenv: func(key string) string { return test.env[key] }, Stdout: io.Discard, Stderr: &stderr,
			})
			if code != test.want || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("exit code %d, want %d; stderr %q, want %q in it", code, test.want, stderr.String(), test.says)
			}
		})
	}
}

func TestHoldEndsWithTheSignal(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("SIGTERM"))
	if code := Main(ctx, Process{Args: []string{"hold"}, Stderr: io.Discard}); code != ExitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestTerminatedWhileWarmingUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	env := map[string]string{"STARTUP_DELAY": "1h"}
	code := Main(ctx, Process{Args: []string{"serve"}, Getenv: func(key string) string { return env[key] }, Stdout: io.Discard, Stderr: io.Discard})
	if code != ExitTerminated {
		t.Errorf("exit code %d, want %d", code, ExitTerminated)
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"0": 0, "123": 123, "512Ki": 512 << 10, "48Mi": 48 << 20, "1Gi": 1 << 30} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s: got %d %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "Mi", "-1", "48MB", "99999999999Gi", "1.5Mi"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%s: got %d, want an error", text, got)
		}
	}
}
