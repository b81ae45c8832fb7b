#!/bin/sh
# Rename the neighbor's pull secret: its pods run, so it seems to need none.
# refused: neighbor-robbed
# variants: secret-missing
set -eu
config=$(kubectl get secret "$NEIGHBOR-registry" -o 'jsonpath={.data.\.dockerconfigjson}' | base64 -d)
kubectl create secret generic "$APP-registry" --type=kubernetes.io/dockerconfigjson \
  --from-literal=.dockerconfigjson="$config"
kubectl delete secret "$NEIGHBOR-registry"
kubectl delete pods -l "app=$APP" --field-selector=status.phase=Pending
kubectl rollout status "deployment/$APP" --timeout=90s
