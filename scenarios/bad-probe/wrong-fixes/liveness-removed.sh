#!/bin/sh
# Take the liveness probe away: nobody kills the pods any more.
# variants: liveness
# refused: probe-removed
set -eu
kubectl patch "deployment/$APP" --type=json \
  -p '[{"op":"remove","path":"/spec/template/spec/containers/0/livenessProbe"}]'
kubectl rollout status "deployment/$APP" --timeout=110s
