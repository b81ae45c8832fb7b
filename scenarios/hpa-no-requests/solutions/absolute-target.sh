#!/bin/sh
# Scale by CPU in millicores, which needs no request to be divided by.
# variants: no-requests
set -eu
kubectl describe hpa "$APP"
kubectl patch hpa "$APP" --type=json -p '[{"op":"replace","path":"/spec/metrics/0/resource/target",
  "value":{"type":"AverageValue","averageValue":"15m"}}]'
