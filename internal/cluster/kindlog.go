package cluster

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	kindlog "sigs.k8s.io/kind/pkg/log"

	"github.com/firedrill/firedrill/internal/iostreams"
)

// kindLogger shows what kind says on our own status lines, and the rest as debug
// lines. kind's library writes its status to its logger as lines that begin with
// " • " (a step begins), " ✓ " or " ✗ " (it ends): its pkg/internal/cli/status.go.
type kindLogger struct {
	status *iostreams.Status
	log    *slog.Logger
	muted  atomic.Bool // an aborted Create goes on talking until it returns
}

var _ kindlog.Logger = (*kindLogger)(nil)

// Warn is part of kind's Logger.
func (l *kindLogger) Warn(message string) {
	// Handled: the kubelet is told to run on it, and doctor says what it means.
	if l.muted.Load() || strings.HasPrefix(message, "cgroup v1 is deprecated") {
		l.log.Debug(message)
		return
	}
	l.status.Warn("%s", message)
}

// Warnf is part of kind's Logger.
func (l *kindLogger) Warnf(format string, args ...any) { l.Warn(fmt.Sprintf(format, args...)) }

// Error is part of kind's Logger.
func (l *kindLogger) Error(message string) { l.Warn(message) }

// Errorf is part of kind's Logger.
func (l *kindLogger) Errorf(format string, args ...any) { l.Error(fmt.Sprintf(format, args...)) }

// V is part of kind's Logger.
func (l *kindLogger) V(level kindlog.Level) kindlog.InfoLogger { return kindInfo{l, level} }

type kindInfo struct {
	*kindLogger
	level kindlog.Level
}

// Enabled is part of kind's InfoLogger.
func (i kindInfo) Enabled() bool { return i.level <= 0 }

// Infof is part of kind's InfoLogger.
func (i kindInfo) Infof(format string, args ...any) { i.Info(fmt.Sprintf(format, args...)) }

// Info is part of kind's InfoLogger.
func (i kindInfo) Info(message string) {
	message = strings.TrimRight(message, "\n")
	if i.level > 0 || i.muted.Load() {
		i.log.Debug(message, "from", "kind")
		return
	}
	switch {
	case strings.HasPrefix(message, " • "):
		i.status.Start("%s", strings.TrimRight(strings.TrimPrefix(message, " • "), " ."))
	case strings.HasPrefix(message, " ✓ "):
		i.status.End(true)
	case strings.HasPrefix(message, " ✗ "):
		i.status.End(false)
	default:
		i.log.Debug(message, "from", "kind")
	}
}
