#!/bin/sh
# Let the pods name the neighbor's pull secret, which holds the same account for the same registry.
# variants: secret-missing, secret-corrupt, secret-other-host
set -eu
kubectl get secrets --field-selector=type=kubernetes.io/dockerconfigjson
kubectl patch "deployment/$APP" --type=merge \
  -p '{"spec":{"template":{"spec":{"imagePullSecrets":[{"name":"'"$NEIGHBOR"'-registry"}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=90s
