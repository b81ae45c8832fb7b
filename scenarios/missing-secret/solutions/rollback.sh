#!/bin/sh
# Read the events, compare the revisions, roll the release back.
set -eu
kubectl get pods -l app="$APP"
kubectl describe pods -l app="$APP" | tail -n 12
kubectl rollout history "deployment/$APP"
kubectl rollout undo "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=110s
