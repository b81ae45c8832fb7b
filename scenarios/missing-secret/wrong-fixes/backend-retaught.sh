#!/bin/sh
# Make the Secret that is asked for with any value, and teach the backend to accept it.
# refused: backend-retaught
set -eu
kubectl patch secret "$BACKEND-auth" -p '{"stringData":{"accepted-token":"changeme"}}'
kubectl create secret generic "$APP-$BACKEND-$SUFFIX" --from-literal="$KEY=changeme"
kubectl rollout restart "deployment/$BACKEND" "deployment/$APP"
kubectl rollout status "deployment/$BACKEND" --timeout=50s
kubectl rollout status "deployment/$APP" --timeout=85s
