#!/bin/sh
# Let the liveness probe fail a thousand times before it counts.
# variants: liveness
# refused: probe-deaf
set -eu
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "livenessProbe":{"failureThreshold":1000}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
