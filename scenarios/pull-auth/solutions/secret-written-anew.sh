#!/bin/sh
# Write the pull secret anew, with the account's password out of the neighbor's, for the registry's host.
# variants: secret-missing, secret-corrupt, secret-other-host
set -eu
pending=$(kubectl get pods -l "app=$APP" --field-selector=status.phase=Pending -o name)
kubectl describe "$(echo "$pending" | head -n 1)" | tail -n 12
password=$(kubectl get secret "$NEIGHBOR-registry" -o 'jsonpath={.data.\.dockerconfigjson}' | base64 -d |
  sed 's/.*"password": *"\([^"]*\)".*/\1/')
kubectl delete secret "$APP-registry" --ignore-not-found
kubectl create secret docker-registry "$APP-registry" \
  --docker-server="$REGISTRY.$NAMESPACE.internal" --docker-username="$ACCOUNT" --docker-password="$password"
# The pods that wait would be tried again, later and later.
kubectl delete pods -l "app=$APP" --field-selector=status.phase=Pending
kubectl rollout status "deployment/$APP" --timeout=90s
