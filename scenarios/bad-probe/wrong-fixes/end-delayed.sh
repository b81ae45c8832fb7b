#!/bin/sh
# Give the container a minute to end in, so that it starts in the time in which it is being killed.
# variants: liveness
# refused: recovery:no-restarts
set -eu
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":90,
  "containers":[{"name":"'"$APP"'","lifecycle":{"preStop":{"sleep":{"seconds":60}}}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=90s
