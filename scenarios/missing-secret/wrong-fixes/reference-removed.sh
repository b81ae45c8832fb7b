#!/bin/sh
# Take the variable away: nothing is missing any more.
# variants: env
# refused: reference-removed
set -eu
kubectl set env "deployment/$APP" TOKEN-
kubectl rollout status "deployment/$APP" --timeout=110s
