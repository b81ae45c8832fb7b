package drillapp

import (
	"strings"
	"time"
)

// config is the environment of serve; docs/reference.md has the table.
type config struct {
	port, version, pod        string
	workingSet, sessionBytes  int64
	leakPerRequest            int64
	startupDelay, drainDelay  time.Duration
	backendURL, token         string
	tokenFile                 string
	backendTimeout            time.Duration
	database                  *database // nil without one
	databaseHistory           int64
	expectToken               string
	cpuPerRequest, latency    time.Duration
	failRate                  float64
	wedgeToken                string
	shutdownGrace, statsEvery time.Duration
}

func readConfig(getenv func(string) string) (config, error) {
	e := env{get: getenv}
	c := config{
		port: e.text("PORT", "8080"), version: e.text("VERSION", "dev"), pod: e.text("HOSTNAME", "unknown"),
		workingSet: e.size("WORKING_SET", 0), sessionBytes: e.size("SESSION_BYTES", 512<<10),
		leakPerRequest: e.size("LEAK_PER_REQUEST", 0),
		startupDelay:   e.duration("STARTUP_DELAY", 0), drainDelay: e.duration("DRAIN_DELAY", 5*time.Second),
		backendURL: e.text("BACKEND_URL", ""), token: e.text("TOKEN", ""),
		tokenFile:       e.text("TOKEN_FILE", ""),
		backendTimeout:  e.duration("BACKEND_TIMEOUT", time.Second),
		databaseHistory: e.size("DATABASE_HISTORY", 0),
		expectToken:     e.text("EXPECT_TOKEN", ""),
		cpuPerRequest:   e.duration("CPU_PER_REQUEST", 0), latency: e.duration("LATENCY", 0),
		failRate:      e.number("FAIL_RATE", 0, 0, 1),
		wedgeToken:    e.text("WEDGE_TOKEN", ""),
		shutdownGrace: 20 * time.Second, statsEvery: 15 * time.Second,
	}
	if c.sessionBytes == 0 {
		c.sessionBytes = 1
	}
	databaseTimeout := e.duration("DATABASE_TIMEOUT", time.Second)
	if err := e.err(); err != nil {
		return config{}, err
	}
	var err error
	if c.database, err = newDatabase(e.text("DATABASE_URL", ""), databaseTimeout); err != nil {
		return config{}, err
	}
	return c, missingEnv(getenv)
}

// missingEnv fails as services do that check their configuration at the start.
func missingEnv(getenv func(string) string) error {
	var missing []string
	for name := range strings.SplitSeq(getenv("REQUIRED_ENV"), ",") {
		if name = strings.TrimSpace(name); name != "" && getenv(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return usagef("required environment is missing: %s", strings.Join(missing, ", "))
	}
	return nil
}
