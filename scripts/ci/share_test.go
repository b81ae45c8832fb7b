// Package ci tests the scripts that decide what CI proves.
package ci

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// repository is a folder with a git repository of its own, or with none.
type repository struct {
	*testing.T
	dir string
	bin string // first in the PATH
}

func (r repository) run(env []string, name string, args ...string) string {
	r.Helper()
	cmd := exec.CommandContext(r.Context(), name, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES="+filepath.Dir(r.dir),
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@localhost", "PROVE=",
		"PATH="+r.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.Output()
	if err != nil {
		r.Fatalf("%s %v: %v", name, args, err)
	}
	return strings.TrimSpace(string(out))
}

// commit makes empty commits of one message.
func (r repository) commit(times int, message string) {
	r.Helper()
	for range times {
		r.run(nil, "git", "commit", "--quiet", "--allow-empty", "--message", message)
	}
}

func (r repository) share(env ...string) string {
	r.Helper()
	script, err := filepath.Abs("share")
	if err != nil {
		r.Fatal(err)
	}
	return r.run(env, script)
}

// expect wants all cases, or a turn of a 24th.
func (r repository) expect(what string, all bool, env ...string) {
	r.Helper()
	got := r.share(env...)
	if some := regexp.MustCompile(`^\d+/24$`).MatchString(got); (got == "0/1") != all || some == all {
		r.Errorf("%s: the share is %q; all of it: want %v", what, got, all)
	}
}

func newRepository(t *testing.T) repository {
	t.Helper()
	for _, needed := range []string{"git", "bash"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("scripts/test is for machines with %s", needed)
		}
	}
	r := repository{t, t.TempDir(), t.TempDir()}
	if err := os.WriteFile(filepath.Join(r.bin, "nproc"), []byte("#!/bin/sh\necho 2\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return r
}

// TestWhenEveryCaseIsProven: whoever asks for all of them gets them, and after 50 commits
// for which nobody did they are due.
func TestWhenEveryCaseIsProven(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.expect("no repository", false)
	r.expect("no repository, and all asked for", true, "PROVE=all")
	r.run(nil, "git", "init", "--quiet")
	r.commit(1, "a: first")
	r.expect("never said", true)
	r.commit(1, "a: all\n\nWhy.\n\nProve: all")
	r.expect("said by the commit", true)
	r.commit(1, "a: what Prove: all means")
	r.expect("said by the commit before", false)
	before := r.share()
	r.expect("all asked for", true, "PROVE=all")
	r.commit(1, "a: next")
	if r.share() == before {
		r.Errorf("two commits have the same turn: %s", before)
	}
	r.commit(47, "a: more")
	r.expect("said 49 commits before", false)
	r.commit(1, "a: one more")
	r.expect("said 50 commits before", true)

	shallow := repository{t, filepath.Join(t.TempDir(), "shallow"), r.bin}
	r.run(nil, "git", "clone", "--quiet", "--depth", "1", "file://"+r.dir, shallow.dir)
	shallow.expect("a clone without its history", false)
	shallow.commit(1, "a: all\n\nProve: all")
	shallow.expect("said by the commit, in a clone without its history", true)
}
