package drillapp

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// documented reads the tables of settings in docs/reference.md: the default by the name.
func documented(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference.md"))
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z][A-Z_]*)` \\| (?:`([^`]+)` )?\\| .*\\. \\|\r?$").FindAllSubmatch(text, -1) {
		defaults[string(row[1])] = string(row[2])
	}
	return defaults
}

// TestSettingsAreDocumented: what the program reads from its environment is what an author
// finds in docs/reference.md, no less and no more.
func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	sources, err := Sources()
	if err != nil {
		t.Fatal(err)
	}
	defaults, read := documented(t), map[string]bool{}
	reads := regexp.MustCompile(`(?:[gG]etenv|LookupEnv|\be\.\w+)\("([A-Z][A-Z_]*)"`)
	for name, source := range sources {
		for _, match := range reads.FindAllSubmatch(source, -1) {
			setting := string(match[1])
			read[setting] = true
			if _, found := defaults[setting]; !found {
				t.Errorf("%s reads %s: docs/reference.md has no row for it", name, setting)
			}
		}
	}
	for setting := range defaults {
		if !read[setting] {
			t.Errorf("docs/reference.md has a row for %s, which nothing reads", setting)
		}
	}
}

// TestDefaultsAreDocumented: a setting that is written with its documented default changes
// nothing.
func TestDefaultsAreDocumented(t *testing.T) {
	t.Parallel()
	unset, timeout := configWith(t, "", "")
	for setting, value := range documented(t) {
		if value == "" {
			continue
		}
		if got, of := configWith(t, setting, value); got != unset || of != timeout {
			t.Errorf("the default of %s is not %s", setting, value)
		}
		env := map[string]string{"URL": "http://shop/", setting: value}
		streams, err := readStreams(func(key string) string { return env[key] })
		if err != nil || streams[0].Rate != DefaultRate || streams[0].Timeout != DefaultTimeout.String() {
			t.Errorf("the default of %s is not %s: %+v, %v", setting, value, streams, err)
		}
	}
	if longest, err := time.ParseDuration(documented(t)["MAX_DURATION"]); err != nil || longest != DefaultMaxDuration {
		t.Errorf("the default of MAX_DURATION is %s, not %s, %v", DefaultMaxDuration, longest, err)
	}
}

// configWith reads the environment of serve with one setting, and apart from it the
// database's timeout, which counts only with a database.
func configWith(t *testing.T, setting, value string) (config, time.Duration) {
	t.Helper()
	cfg := testConfig(t, map[string]string{"DATABASE_URL": "postgres://shop:secret@db/shop", setting: value})
	timeout := cfg.database.timeout
	cfg.database = nil
	return cfg, timeout
}
