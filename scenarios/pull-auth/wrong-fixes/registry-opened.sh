#!/bin/sh
# Switch the registry's login off.
# refused: registry-opened
# variants: secret-missing, secret-corrupt, secret-other-host
set -eu
kubectl set env "deployment/$REGISTRY" -c registry \
  REGISTRY_AUTH- REGISTRY_AUTH_HTPASSWD_REALM- REGISTRY_AUTH_HTPASSWD_PATH-
kubectl rollout status "deployment/$REGISTRY" --timeout=60s
kubectl delete pods -l "app=$APP" --field-selector=status.phase=Pending
kubectl rollout status "deployment/$APP" --timeout=85s
