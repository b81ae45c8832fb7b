// Package drillapp is the workload that drills break, and the prober that plays its
// users: one small static Linux binary, made of the standard library only, so that
// firedrill can build it anywhere from the sources it carries (see Sources).
//
// The mode is the first argument, else DRILLAPP_MODE, else serve.
//
//	serve          an HTTP service like a shop's
//	probe          the users: an open loop of requests, a JSON line each
//	hold, sleep    does nothing until SIGTERM: canary pods
//	restore        fills a container registry's storage with images of this program
//	http-get URL   exits 0 when the URL answers below 400: exec probes
//
// The environment of each, which is how a drill sets what the program does, is for the
// scenarios' authors: the table is in docs/reference.md, under "Workload". A test holds it
// against what is read here.
//
// It exits with 0 when SIGTERM ends it in service, with 143 when SIGTERM comes before it
// listens: nobody handles signals so early.
package drillapp
