#!/bin/sh
# Give the pod as a whole a request that is never reached: the autoscaler divides by that one.
# variants: no-requests
# refused: request-too-large
set -eu
kubectl patch "deployment/$APP" --type=merge -p '{"spec":{"template":{"spec":{"resources":{"requests":{"cpu":"120m"}}}}}}'
kubectl rollout status "deployment/$APP" --timeout=100s
