#!/bin/sh
# Take the readiness probe away: every pod is ready at once.
# variants: readiness-port
# refused: probe-removed
set -eu
kubectl patch "deployment/$APP" --type=json \
  -p '[{"op":"remove","path":"/spec/template/spec/containers/0/readinessProbe"}]'
kubectl rollout status "deployment/$APP" --timeout=110s
