#!/bin/sh
# Read the autoscaler's conditions, compare the revisions, roll the release back.
# variants: no-requests
set -eu
kubectl describe hpa "$APP"
kubectl top pods || true
kubectl rollout history "deployment/$APP"
kubectl rollout undo "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=100s
