#!/bin/sh
# Roll back to the release before.
set -eu
kubectl rollout undo "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=120s
