#!/bin/sh
# Mark the Secret as optional: the pod starts with an empty folder.
# variants: volume
# refused: made-optional
set -eu
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"volumes":[{"name":"credentials",
  "secret":{"secretName":"'"$APP-$BACKEND-$SUFFIX"'","optional":true}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
