package webhook

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestNotify(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []int // by try; the last one stays
		tries   int32
		fails   string
	}{
		"taken":             {[]int{200}, 1, ""},
		"taken later":       {[]int{503, 429, 200}, 3, ""},
		"refused":           {[]int{404}, 1, "404"},
		"sent elsewhere":    {[]int{302}, 1, "302"},
		"broken throughout": {[]int{500}, 3, "500"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := int(tries.Add(1))
				var got map[string]string
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil || len(got) != 1 || got["text"] != "page: \"x\"" {
					t.Errorf("body %v: %v", got, err)
				}
				if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s with %v", r.Method, r.Header)
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.answers[min(n, len(test.answers))-1])
			}))
			defer server.Close()
			p, err := New(server.URL + "/services/T0/secret")
			if err != nil {
				t.Fatal(err)
			}
			p.pause = time.Millisecond
			err = p.Notify(t.Context(), "page: \"x\"")
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("error %v, want %q", err, test.fails)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the URL is in the error: %v", err)
			}
			if tries.Load() != test.tries {
				t.Errorf("%d tries, want %d", tries.Load(), test.tries)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(nil)
	p, err := New(server.URL + "/services/T0/secret")
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	p.pause = time.Millisecond
	if err := p.Notify(t.Context(), "x"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v: want one without the URL", err)
	}
}

func TestNoURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "hooks.example/secret", "ftp://hooks.example/secret", "https:///secret", "http://[::1/secret"} {
		if _, err := New(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

// Nobody's text is a command to Slack.
func TestEscaped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain: 5 % of \"orders\" fail": "plain: 5 % of \"orders\" fail",
		"<!channel> look":               "&lt;!channel&gt; look",
		"<https://evil|docs> & <@U1>":   "&lt;https://evil|docs&gt; &amp; &lt;@U1&gt;",
		"&lt;":                          "&amp;lt;",
	} {
		var got struct{ Text string }
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
		}))
		p, err := New(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Notify(t.Context(), text); err != nil {
			t.Error(err)
		}
		server.Close()
		if got.Text != want {
			t.Errorf("%q was posted as %q, want %q", text, got.Text, want)
		}
	}
}
