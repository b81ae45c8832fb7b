#!/bin/sh
# Let the liveness probe wait for as long as the start takes, with some to spare.
# variants: liveness
set -eu
kubectl describe pods -l app="$APP" | tail -n 20
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "livenessProbe":{"initialDelaySeconds":20}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
