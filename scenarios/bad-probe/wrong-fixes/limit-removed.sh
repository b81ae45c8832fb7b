#!/bin/sh
# Roll back, and drop the limits that "keep it from starting".
# refused: limit-removed
set -eu
kubectl rollout undo "deployment/$APP"
kubectl patch "deployment/$APP" --type=json \
  -p '[{"op":"remove","path":"/spec/template/spec/containers/0/resources/limits/memory"}]'
kubectl rollout status "deployment/$APP" --timeout=120s
