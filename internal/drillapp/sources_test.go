package drillapp

import (
	"regexp"
	"strings"
	"testing"
)

func TestSourcesAreTheProgramWithoutItsTests(t *testing.T) {
	t.Parallel()
	sources, err := Sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(sources["probe.go"]) == 0 || len(sources["memory_linux.go"]) == 0 {
		t.Error("sources are missing")
	}
	imports := regexp.MustCompile(`(?m)^\s+"([^"]+\.[^"]+/[^"]*)"$`)
	for name, data := range sources {
		if strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s is among the sources", name)
		}
		if match := imports.FindSubmatch(data); match != nil {
			t.Errorf("%s imports %s: only the standard library builds everywhere", name, match[1])
		}
	}
}

func TestSourceHash(t *testing.T) {
	t.Parallel()
	first, err := SourceHash()
	if err != nil {
		t.Fatal(err)
	}
	second, err := SourceHash()
	if err != nil || first != second || !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(first) {
		t.Errorf("got %q, then %q, %v", first, second, err)
	}
}
