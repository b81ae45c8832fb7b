#!/bin/sh
# Take only the harmful setting away.
set -eu
kubectl set env "deployment/$APP" FAIL_RATE-
kubectl rollout status "deployment/$APP" --timeout=120s
