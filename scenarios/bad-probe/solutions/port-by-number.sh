#!/bin/sh
# Let the readiness probe ask the port that the log says it listens on.
# variants: readiness-port
set -eu
kubectl logs -l app="$APP" --tail=3 || true # one of them may be starting
kubectl patch "deployment/$APP" --type=json \
  -p '[{"op":"replace","path":"/spec/template/spec/containers/0/readinessProbe/httpGet/port","value":'"$PORT"'}]'
kubectl rollout status "deployment/$APP" --timeout=110s
