#!/bin/sh
# To be on the safe side, a request that is never reached.
# variants: no-requests
# refused: request-too-large
set -eu
kubectl set resources "deployment/$APP" -c "$APP" --requests=cpu=120m
kubectl rollout status "deployment/$APP" --timeout=100s
