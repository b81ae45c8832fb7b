#!/bin/sh
# End the overlap of this rollout and of the next ones: strategy Recreate, one pod.
# variants: two-writers
# refused: recovery:stateful
set -eu
kubectl patch "deployment/$DB" --type=json -p '[
  {"op":"replace","path":"/spec/strategy","value":{"type":"Recreate"}},
  {"op":"remove","path":"/spec/minReadySeconds"}]'
kubectl rollout restart "deployment/$DB"
kubectl rollout status "deployment/$DB" --timeout=90s
