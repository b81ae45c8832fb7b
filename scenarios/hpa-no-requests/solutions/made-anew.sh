#!/bin/sh
# Make the autoscaler anew, from what it is to do.
# variants: wrong-target, max-reached
set -eu
kubectl get hpa "$APP" -o yaml
kubectl delete hpa "$APP"
kubectl autoscale "deployment/$APP" --name="$APP" --min=2 --max=10 --cpu=60%
