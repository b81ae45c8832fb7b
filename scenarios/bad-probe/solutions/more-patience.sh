#!/bin/sh
# Let the liveness probe fail for longer than the start takes before it gives up.
# variants: liveness
set -eu
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "livenessProbe":{"periodSeconds":5,"failureThreshold":4}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
