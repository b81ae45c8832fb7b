#!/bin/sh
# Name the Secret that exists and held the credential before the release.
# variants: env
set -eu
kubectl get secrets
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "env":[{"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":"'"$APP"'-client","key":"'"$KEY"'"}}}]}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
