#!/bin/sh
# Write the right value into the Deployment itself.
# variants: env
# refused: in-clear
set -eu
value=$(kubectl get secret "$BACKEND-auth" -o jsonpath='{.data.accepted-token}' | base64 -d)
kubectl patch "deployment/$APP" -p '{"spec":{"template":{"spec":{"containers":[{"name":"'"$APP"'",
  "env":[{"name":"TOKEN","value":"'"$value"'","valueFrom":null}]}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
