#!/bin/sh
# Make the Secret that is asked for, with any value.
# refused: dummy-value
set -eu
kubectl create secret generic "$APP-$BACKEND-$SUFFIX" --from-literal="$KEY=changeme"
kubectl rollout restart "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=110s
