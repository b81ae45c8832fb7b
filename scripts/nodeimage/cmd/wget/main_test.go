package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/broken":
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = w.Write([]byte("hello"))
	}))
	t.Cleanup(server.Close)
	closed := httptest.NewServer(nil)
	closed.Close()
	tests := map[string]struct {
		args     []string
		out, err string
	}{
		"a page":           {[]string{"-qO-", server.URL}, "hello", ""},
		"apart":            {[]string{"-q", "-T", "2", "-O", "-", server.URL}, "hello", ""},
		"a post":           {[]string{"-q", "-O-", "--post-data=x", server.URL}, "hello", ""},
		"only a look":      {[]string{"--spider", "-q", "-T2", server.URL}, "", ""},
		"an error":         {[]string{"-qO-", server.URL + "/broken"}, "", "server returned error: HTTP/1.1 503 Service Unavailable"},
		"nobody listens":   {[]string{"-qO-", closed.URL}, "", "can't connect to remote host (127.0.0.1:"},
		"no such name":     {[]string{"-qO-", "http://nosuch.invalid"}, "", "bad address 'nosuch.invalid'"},
		"nothing to fetch": {nil, "", "want one URL"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, stderr bytes.Buffer
			err := run(t.Context(), tc.args, &out, &stderr)
			if (err != nil) != (tc.err != "") || err != nil && !strings.HasPrefix(err.Error(), tc.err) {
				t.Errorf("run = %v, want %q", err, tc.err)
			}
			if out.String() != tc.out {
				t.Errorf("output %q, want %q", out.String(), tc.out)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	got := split([]string{"-qO-", "-T5", "--spider", "-c", "-q", "url"})
	if want := []string{"-q", "-O", "-", "-T", "5", "--spider", "-c", "-q", "url"}; !slices.Equal(got, want) {
		t.Errorf("split = %q, want %q", got, want)
	}
}
