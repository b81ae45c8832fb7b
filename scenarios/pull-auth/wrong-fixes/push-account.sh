#!/bin/sh
# Let the pods pull as the pipeline.
# refused: push-account
# variants: secret-missing, secret-corrupt, secret-other-host
set -eu
kubectl patch "deployment/$APP" --type=merge \
  -p '{"spec":{"template":{"spec":{"imagePullSecrets":[{"name":"ci-registry"}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=90s
