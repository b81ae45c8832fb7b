#!/bin/sh
# Roll back, and add a second target of half the size beside the first: the larger number of replicas wins.
# variants: no-requests
# refused: target-absurd
set -eu
kubectl patch hpa "$APP" --type=json -p '[{"op":"add","path":"/spec/metrics/-",
  "value":{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":30}}}}]'
kubectl rollout undo "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=100s
