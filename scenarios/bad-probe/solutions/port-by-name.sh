#!/bin/sh
# Let the readiness probe ask the port that the container serves on, by its name.
# variants: readiness-port
set -eu
kubectl get endpointslices -l kubernetes.io/service-name="$APP"
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "readinessProbe":{"httpGet":{"path":"/readyz","port":"http"}}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
