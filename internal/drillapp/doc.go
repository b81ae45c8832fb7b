// Package drillapp is the workload that drills break, and the prober that plays its
// users: one small static Linux binary, made of the standard library only, so that
// firedrill can build it anywhere from the sources it carries (see Sources).
//
// The mode is the first argument, else DRILLAPP_MODE, else serve.
//
//	serve          an HTTP service like a shop's; the table below
//	probe          the users: an open loop of requests, a JSON line each
//	hold, sleep    does nothing until SIGTERM: canary pods
//	restore        fills a container registry's storage with images of this program
//	http-get URL   exits 0 when the URL answers below 400: exec probes
//
// Environment of serve; sizes as 512Ki, 48Mi, 1Gi or bytes, durations as 20ms, 5s:
//
//	PORT               port to listen on (8080)
//	VERSION            the version that answers and logs show (dev)
//	WORKING_SET        memory the session cache grows to, then recycles (0: no cache)
//	SESSION_BYTES      memory a new customer session takes from the cache (512Ki)
//	LEAK_PER_REQUEST   memory a request takes and never gives back (0)
//	STARTUP_DELAY      time before it listens at all: a slow boot, whose progress it logs (0)
//	DRAIN_DELAY        time it still serves after SIGTERM, while endpoints are removed (5s)
//	REQUIRED_ENV       names, by comma, of variables without which it exits at once
//	BACKEND_URL        asked at every request; the answer is 500 unless it answers 200
//	BACKEND_TIMEOUT    of that question (1s)
//	DATABASE_URL       postgres://user:password@host:port/name: every request places an
//	                   order there and looks it up over another connection; a
//	                   few are kept for 4 to 8 seconds each
//	DATABASE_TIMEOUT   of one statement, connecting included (1s)
//	DATABASE_HISTORY   orders of long ago: each request also looks up one number of 1 to this (0)
//	TOKEN              shown to the backend as a bearer token
//	TOKEN_FILE         file that holds the token, read at every request, instead of TOKEN
//	EXPECT_TOKEN       bearer token that callers must show; 401 otherwise
//	CPU_PER_REQUEST    CPU time that a request takes, however busy the machine is (0)
//	LATENCY            time a request waits before it is answered (0)
//	FAIL_RATE          share of requests answered with 500, 0 to 1 (0)
//	WEDGE_TOKEN        what /debug/wedge?token= needs; empty: there is no such path
//
// It exits with 0 when SIGTERM ends it in service, with 143 when SIGTERM comes before it
// listens: nobody handles signals so early.
//
// Environment of restore:
//
//	REGISTRY_ROOT      the storage's folder (/var/lib/registry)
//	REGISTRY_HOST      the registry's name in image references: part of the images' identity
//	REGISTRY_IMAGES    JSON list of images: [{"repository","tags","env"}]
//
// Environment of probe:
//
//	PROBE_CONFIG       JSON list of streams: [{"name","url","rate","timeout","expect"}]
//	URL, RATE, TIMEOUT, EXPECT   one stream called "default", when PROBE_CONFIG is empty
//	MAX_DURATION       it ends by itself after this time (6h)
package drillapp
