#!/bin/sh
# Let the liveness probe only open a connection, which a pod that hangs still accepts.
# variants: liveness
# refused: probe-hollow
set -eu
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "livenessProbe":{"httpGet":null,"tcpSocket":{"port":"http"},"initialDelaySeconds":20}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
