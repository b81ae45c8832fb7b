#!/bin/sh
# Let the liveness probe wait for an hour before it asks for the first time.
# variants: liveness
# refused: probe-deaf
set -eu
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "livenessProbe":{"initialDelaySeconds":3600}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
