#!/bin/sh
# Any request will do: one millicore.
# variants: no-requests
# refused: request-too-small
set -eu
kubectl set resources "deployment/$APP" -c "$APP" --requests=cpu=1m
kubectl rollout status "deployment/$APP" --timeout=100s
