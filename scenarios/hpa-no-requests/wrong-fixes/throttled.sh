#!/bin/sh
# Set a CPU limit in place of the request: Kubernetes takes it for the request as well.
# variants: no-requests
# refused: throttled
set -eu
kubectl set resources "deployment/$APP" -c "$APP" --limits=cpu=25m
kubectl rollout status "deployment/$APP" --timeout=100s
