#!/bin/sh
# Take the volume and its mount away: nothing is missing any more.
# variants: volume
# refused: reference-removed
set -eu
kubectl patch "deployment/$APP" --type=json -p '[{"op":"remove","path":"/spec/template/spec/volumes"},
  {"op":"remove","path":"/spec/template/spec/containers/0/volumeMounts"}]'
kubectl rollout status "deployment/$APP" --timeout=110s
