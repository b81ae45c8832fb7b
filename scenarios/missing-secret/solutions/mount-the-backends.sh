#!/bin/sh
# Mount the one key of the backend's own Secret, under the name that the service reads.
# variants: volume
set -eu
kubectl get secrets
kubectl patch "deployment/$APP" --type=merge -p '{"spec":{"template":{"spec":{"volumes":[{"name":"credentials",
  "secret":{"secretName":"'"$BACKEND"'-auth","items":[{"key":"accepted-token","path":"'"$KEY"'"}]}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
