#!/bin/sh
# Take the autoscaler away and set the replicas by hand.
# refused: hpa-deleted
set -eu
kubectl delete hpa "$APP"
kubectl scale "deployment/$APP" --replicas=6
kubectl rollout status "deployment/$APP" --timeout=100s
