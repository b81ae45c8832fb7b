#!/bin/sh
# See that the memory grows with every request, and move on to the version that has it repaired.
# variants: leak
set -eu
kubectl describe pods -l app="$APP" | grep -A 6 "Last State" || true
kubectl logs -l app="$APP" --tail=3 || true # one of them may be starting
kubectl set image "deployment/$APP" "$APP=docker.io/firedrill/$BUILD/$APP:2.3.2"
kubectl rollout status "deployment/$APP" --timeout=110s
