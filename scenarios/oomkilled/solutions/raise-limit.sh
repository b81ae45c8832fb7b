#!/bin/sh
# Give the container what its working set needs, and no more.
# variants: limit-cut
set -eu
kubectl get pods -l app="$APP"
kubectl get pods -l app="$APP" -o jsonpath='{.items[*].status.containerStatuses[*].lastState.terminated.reason}'
limit=$(kubectl get "deployment/$APP" -o jsonpath='{.spec.template.spec.containers[0].resources.limits.memory}')
echo "limit: $limit; the release set $CUT"
kubectl set resources "deployment/$APP" -c "$APP" --limits=memory=112Mi
kubectl rollout status "deployment/$APP" --timeout=120s
