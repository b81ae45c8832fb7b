#!/bin/sh
# Mount the right value from a ConfigMap.
# variants: volume
# refused: in-clear
set -eu
value=$(kubectl get secret "$BACKEND-auth" -o jsonpath='{.data.accepted-token}' | base64 -d)
kubectl create configmap "$APP-access" --from-literal="$KEY=$value"
kubectl patch "deployment/$APP" --type=merge -p '{"spec":{"template":{"spec":{"volumes":[{"name":"credentials",
  "configMap":{"name":"'"$APP"'-access"}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
