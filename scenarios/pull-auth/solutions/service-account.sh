#!/bin/sh
# Give the pull secret to the ServiceAccount, so that no pod template has to name it.
# variants: secret-missing, secret-corrupt, secret-other-host
set -eu
kubectl patch serviceaccount default --type=merge -p '{"imagePullSecrets":[{"name":"'"$NEIGHBOR"'-registry"}]}'
kubectl patch "deployment/$APP" --type=json -p '[{"op":"remove","path":"/spec/template/spec/imagePullSecrets"}]'
kubectl rollout status "deployment/$APP" --timeout=90s
