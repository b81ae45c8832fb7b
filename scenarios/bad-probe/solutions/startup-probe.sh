#!/bin/sh
# Give the start a probe of its own; once it is up the liveness probe stays as quick as the release made it.
# variants: liveness
set -eu
kubectl logs -l app="$APP" --tail=5 || true # one of them may be starting
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "startupProbe":{"httpGet":{"path":"/healthz","port":"http"},"periodSeconds":2,"failureThreshold":30}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
