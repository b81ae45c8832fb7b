package scenario

import (
	"io/fs"
	"regexp"
)

// metricsWords are what a scenario says that has anything to do with the metrics API, which
// metrics-server serves and another drill may break.
var metricsWords = regexp.MustCompile(`(?i)autoscal|\bhpa|metrics\.k8s\.io|metrics-server|\btop\s.*\b(po|pods?|no|nodes?)\b`)

// UsesMetrics tells whether the scenario may need metrics-server: a file of the folder, README
// and all, says a word about it. What cannot be read may say one.
func (f *Folder) UsesMetrics() bool {
	uses := false
	err := fs.WalkDir(f.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := fs.ReadFile(f.FS, name)
		uses = uses || metricsWords.Match(text)
		return err
	})
	return uses || err != nil
}
