#!/bin/sh
# Make the Deployment that the autoscaler asks for: it is happy, and the customers are where they were.
# variants: wrong-target
# refused: recovery:hpa-active
set -eu
kubectl create deployment "$APP-$STALE" --image="docker.io/firedrill/$BUILD/$APP:$VERSION" --replicas=2
kubectl set resources "deployment/$APP-$STALE" --requests=cpu=25m,memory=32Mi
kubectl rollout status "deployment/$APP-$STALE" --timeout=100s
