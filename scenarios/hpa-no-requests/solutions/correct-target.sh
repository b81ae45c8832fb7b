#!/bin/sh
# Point the autoscaler at the Deployment that there is.
# variants: wrong-target
set -eu
kubectl describe hpa "$APP"
kubectl get deployments
kubectl patch hpa "$APP" --type=merge -p '{"spec":{"scaleTargetRef":{"name":"'"$APP"'"}}}'
