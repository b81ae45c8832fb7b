#!/bin/sh
# Mark the Secret as optional: the container starts without it.
# variants: env
# refused: made-optional
set -eu
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "env":[{"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":"'"$APP-$BACKEND-$SUFFIX"'","key":"'"$KEY"'","optional":true}}}]}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
