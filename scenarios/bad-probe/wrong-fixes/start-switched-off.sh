#!/bin/sh
# Turn the knob of the simulation: the start takes no time any more, and the probe stays as it is.
# variants: liveness
# refused: start-switched-off
set -eu
kubectl set env "deployment/$APP" STARTUP_DELAY=0s
kubectl rollout status "deployment/$APP" --timeout=120s
