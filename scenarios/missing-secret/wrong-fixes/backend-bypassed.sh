#!/bin/sh
# Roll back, and have the service not ask the backend at all.
# refused: backend-bypassed
set -eu
kubectl rollout undo "deployment/$APP"
kubectl set env "deployment/$APP" BACKEND_URL-
kubectl rollout status "deployment/$APP" --timeout=110s
