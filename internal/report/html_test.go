package report

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/firedrill/firedrill/internal/drill"
	"github.com/firedrill/firedrill/internal/grade"
	"github.com/firedrill/firedrill/internal/timeline"
)

// attacks are what a name may hold that somebody else chose.
var attacks = []string{
	`<script>document.title='pwned'</script>`, `"><img src=x onerror=document.title='pwned'>`, `</title></svg><script>document.title='pwned'</script>`,
	`' onload='document.title="pwned"`, `javascript:document.title='pwned'`, `{{.Run}}`, `</style><script src=//evil.example/x.js></script>`, `<!-- `, `]]>`,
}

// hostileReport has an attack in every place that takes a text.
func hostileReport(t *testing.T) *Report {
	t.Helper()
	r := recoveredReport(t)
	all := strings.Join(attacks, " ")
	r.Run, r.Scenario, r.Variant, r.Title, r.Explanation, r.Errors = all, all, all, all, all, []string{all}
	r.Verdict.Reason = all
	r.Times.Paged.Evidence, r.Times.Recovered.Evidence = all, all
	for i := range r.Timeline {
		r.Timeline[i].Text, r.Timeline[i].Name = all, all
	}
	r.Timeline = append(r.Timeline, timeline.Event{Time: at(100), Actor: all, Text: all, Source: timeline.SourceTool})
	for i := range r.Checks {
		r.Checks[i].ID, r.Checks[i].Reason, r.Checks[i].Evidence = all, all, all
	}
	for i := range r.Safeguards {
		r.Safeguards[i].ID, r.Safeguards[i].Reason, r.Safeguards[i].Sentence, r.Safeguards[i].Held = all, all, all, false
	}
	r.Checks[0].Error, r.Safeguards[0].Error, r.Safeguards[0].Unknown = all, all, true
	for i := range r.History.Checks {
		r.History.Checks[i].ID, r.History.Checks[i].Reason, r.History.Checks[i].State = all, all, all
	}
	for i := range r.History.Phases {
		r.History.Phases[i].Phase = drill.Phase(all)
	}
	r.Users.Streams[0].Stream = all
	r.Hints[0].Text, r.Gaps = all, []drill.Gap{{From: at(50), To: at(60), Why: all}}
	line := []grade.Line{{Text: all, Evidence: all}}
	r.Grade.Well, r.Grade.Missed, r.Grade.Production = line, line, line
	r.Grade.Parts[0].Name, r.Grade.Parts[0].Lines = all, line
	r.Grade.Capped = &grade.Cap{At: 40, Reason: all, Evidence: all}
	return r
}

func htmlOf(t *testing.T, r *Report) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := r.HTML(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestHTMLIsOneHarmlessFile parses the page as a browser does: it has no script, no
// handler, and nothing that is loaded or linked to.
func TestHTMLIsOneHarmlessFile(t *testing.T) {
	t.Parallel()
	allowed := strings.Fields(`html head meta title style body header p span h1 h2 h3 section div b small svg line text rect circle polyline
		table tbody tr th td ul li i br pre footer code`)
	for name, r := range map[string]*Report{
		"recovered": recoveredReport(t), "refused": fixture(t, refusedJournal(t)), "unfinished": fixture(t, unfinishedJournal(t)), "hostile": hostileReport(t),
	} {
		document := htmlOf(t, r)
		root, err := html.Parse(bytes.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		for node := range root.Descendants() {
			if node.Type == html.CommentNode {
				t.Errorf("%s: a comment: %q", name, node.Data)
			}
			if node.Type != html.ElementNode {
				continue
			}
			if !slices.Contains(allowed, node.Data) {
				t.Errorf("%s: an element <%s>", name, node.Data)
			}
			for _, a := range node.Attr {
				if strings.HasPrefix(a.Key, "on") || slices.Contains([]string{"src", "href", "xlink:href", "action", "srcset", "data"}, a.Key) {
					t.Errorf("%s: <%s %s=%q>", name, node.Data, a.Key, a.Val)
				}
			}
		}
		for _, external := range []string{"url(", "@import", "@font-face"} {
			if name != "hostile" && bytes.Contains(document, []byte(external)) {
				t.Errorf("%s: the page loads something: %s", name, external)
			}
		}
	}
}

// browser is a headless Chromium, where the machine has one.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" { // scripts/ci/packages installs one
		t.Fatal("no Chromium in $PATH: the page is not looked at in a browser")
	}
	t.Skip("no Chromium in $PATH (Debian: apt-get install chromium-headless-shell, 60 MB): the page is not looked at in a browser")
	return ""
}

func browse(t *testing.T, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// Offline: no name is resolved.
	common := []string{"--headless", "--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + t.TempDir()}
	cmd := exec.CommandContext(ctx, browser(t), append(common, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out
}

// TestHTMLInABrowser opens the page from a file: nothing of a hostile name runs, and the
// page and its chart are drawn.
func TestHTMLInABrowser(t *testing.T) {
	t.Parallel()
	browser(t)
	dir := t.TempDir()
	write := func(name string, r *Report) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, htmlOf(t, r), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file://" + filepath.ToSlash(path)
	}
	dom := browse(t, "--dump-dom", write("hostile.html", hostileReport(t)))
	if bytes.Contains(dom, []byte("<title>pwned</title>")) || !bytes.Contains(dom, []byte("<title>RECOVERED: ")) {
		t.Errorf("a name was run as a script, or the page was not read: %.300s", dom)
	}
	picture := filepath.Join(dir, "page.png")
	browse(t, "--window-size=1250,1500", "--screenshot="+picture, write("recovered.html", recoveredReport(t)))
	file, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	drawn, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	// The colours of report.html.tmpl; those of requests and of the clock let the page through.
	for name, colour := range map[string][3]uint32{
		"the verdict": {0x1a, 0x7f, 0x4b}, "a failed check": {0xee, 0x9d, 0x95}, "a passed check": {0x8e, 0xd1, 0xab}, "a bypass": {0xc0, 0x36, 0x2c},
		"failed requests": {0xd0, 0x68, 0x61}, "the time of the clock": {0xb5, 0xcc, 0xf8}, "a look": {0x5b, 0x8d, 0xef}, "a change": {0xa6, 0x6a, 0x00},
	} {
		if n := pixels(drawn, colour); n < 20 {
			t.Errorf("%d pixels have the colour of %s: the page is not drawn", n, name)
		}
	}
}

func pixels(drawn image.Image, colour [3]uint32) int {
	n := 0
	for y := drawn.Bounds().Min.Y; y < drawn.Bounds().Max.Y; y++ {
		for x := drawn.Bounds().Min.X; x < drawn.Bounds().Max.X; x++ {
			r, g, b, _ := drawn.At(x, y).RGBA()
			if alike(r>>8, colour[0]) && alike(g>>8, colour[1]) && alike(b>>8, colour[2]) {
				n++
			}
		}
	}
	return n
}

// alike allows for how a browser rounds what it blends.
func alike(a, b uint32) bool { return a-b <= 1 || b-a <= 1 }
