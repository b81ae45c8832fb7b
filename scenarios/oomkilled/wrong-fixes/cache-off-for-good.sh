#!/bin/sh
# Roll back, and switch the cache off as well, as if it were what leaks.
# variants: leak
# refused: cache-switched-off
set -eu
kubectl rollout undo "deployment/$APP"
kubectl set env "deployment/$APP" WORKING_SET=0
kubectl rollout status "deployment/$APP" --timeout=120s
