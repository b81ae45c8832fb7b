#!/bin/sh
# Give the container a request of the size that the page and kubectl top speak of.
# variants: no-requests
set -eu
kubectl get hpa "$APP"
kubectl set resources "deployment/$APP" -c "$APP" --requests=cpu=30m
kubectl rollout status "deployment/$APP" --timeout=100s
