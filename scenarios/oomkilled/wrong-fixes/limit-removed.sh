#!/bin/sh
# Take the memory limit away.
# refused: limit-removed
set -eu
kubectl patch "deployment/$APP" --type=json \
  -p '[{"op":"remove","path":"/spec/template/spec/containers/0/resources/limits/memory"}]'
kubectl rollout status "deployment/$APP" --timeout=120s
