#!/bin/sh
# Roll back, and cap the replicas so that the next wave cannot get expensive.
# variants: no-requests
# refused: hpa-capped
set -eu
kubectl rollout undo "deployment/$APP"
kubectl patch hpa "$APP" --type=merge -p '{"spec":{"maxReplicas":3}}'
kubectl rollout status "deployment/$APP" --timeout=100s
