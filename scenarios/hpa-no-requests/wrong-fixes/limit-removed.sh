#!/bin/sh
# Set the request, and drop the limits that "slow the service down".
# variants: no-requests
# refused: limit-removed
set -eu
kubectl patch "deployment/$APP" --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/resources",
  "value":{"requests":{"cpu":"25m","memory":"32Mi"}}}]'
kubectl rollout status "deployment/$APP" --timeout=100s
