#!/bin/sh
# Read the last state, compare the revisions, roll the release back.
set -eu
pod=$(kubectl get pods -l app="$APP" -o name | head -n 1)
kubectl describe "$pod" || true # one of before may be gone by now
kubectl rollout history "deployment/$APP"
kubectl rollout undo "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=120s
