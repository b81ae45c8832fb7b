#!/bin/sh
# Make the Secret that is asked for, with the value that the backend itself accepts.
set -eu
kubectl get secrets
kubectl describe "deployment/$BACKEND" | grep -A 3 EXPECT_TOKEN
value=$(kubectl get secret "$BACKEND-auth" -o jsonpath='{.data.accepted-token}' | base64 -d)
kubectl create secret generic "$APP-$BACKEND-$SUFFIX" --from-literal="$KEY=$value"
kubectl rollout restart "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=110s
