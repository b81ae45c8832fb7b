package traffic

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firedrill/firedrill/internal/drillapp"
)

func TestFileSurvivesACrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), FileName)
	open := func() *Record {
		r, err := Open(path, shopTraffic())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		return r
	}
	first := open()
	fill(t, first, 1, 50, drillapp.ClassOK)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	cutOff := text(t, "b1", 51, drillapp.ClassOK)
	appendTo(t, path, cutOff[:20]) // kill -9 in the middle of a line

	second := open()
	if want := at(5).Add(-syncEvery); !second.resumeAt().Equal(want) {
		t.Errorf("resumes at %s, want %s", second.resumeAt(), want)
	}
	fill(t, second, 40, 60, drillapp.ClassOK) // the log, read again from a little earlier
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}

	third, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	sums := third.Summaries(Moments{})
	if len(sums) != 1 || sums[0].Sent != 60 || sums[0].Missing != 0 {
		t.Errorf("want all 60 once, got %+v", sums)
	}
	data, err := os.ReadFile(path)
	if err != nil || strings.Count(string(data), "\n") != 60 {
		t.Errorf("%d lines in the file, %v", strings.Count(string(data), "\n"), err)
	}
}

func appendTo(t *testing.T, path string, data []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFileIsSyncedEveryFewSeconds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), FileName)
	r, err := Open(path, shopTraffic())
	if err != nil {
		t.Fatal(err)
	}
	now := start
	r.now = func() time.Time { return now }
	r.syncedAt = now
	fill(t, r, 1, 1, drillapp.ClassOK)
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("written at once: %v, %v", info, err)
	}
	now = now.Add(syncEvery)
	fill(t, r, 2, 2, drillapp.ClassOK)
	if data, err := os.ReadFile(path); err != nil || strings.Count(string(data), "\n") != 2 {
		t.Errorf("not written after %s: %q, %v", syncEvery, data, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestLoadWithoutAFile(t *testing.T) {
	t.Parallel()
	r, err := Load(filepath.Join(t.TempDir(), FileName))
	if err != nil || len(r.Summaries(Moments{From: start, FaultAt: start, RecoveredAt: start})) != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}
