package drillapp

import (
	"fmt"
	"net/http"
)

// metrics writes the few figures of the service in the Prometheus text format.
func (a *app) metrics(w http.ResponseWriter, _ *http.Request) {
	count, bytes := a.sessions.stats()
	text := fmt.Sprintf(`# TYPE shop_requests_total counter
shop_requests_total{result="ok"} %d
shop_requests_total{result="error"} %d
# TYPE shop_sessions gauge
shop_sessions %d
# TYPE shop_session_bytes gauge
shop_session_bytes %d
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes %d
`, a.served.Load(), a.failed.Load(), count, bytes, residentBytes())
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	a.write(w, []byte(text))
}

// logStats writes a line when there were requests since the last one, and returns how
// many there were so far.
func (a *app) logStats(logged int64) int64 {
	served, failed := a.served.Load(), a.failed.Load()
	if served+failed > logged {
		count, bytes := a.sessions.stats()
		a.log.Info("stats", "ok", served, "errors", failed, "sessions", count,
			"session_bytes", bytes, "rss_bytes", residentBytes())
	}
	return served + failed
}
