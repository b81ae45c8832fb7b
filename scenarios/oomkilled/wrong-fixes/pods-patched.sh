#!/bin/sh
# Give the pods that run the version before, in place, and leave the Deployment as it is.
# variants: leak
# refused: recovery:rolled-out
set -eu
for pod in $(kubectl get pods -l "app=$APP" -o name); do
  kubectl set image "$pod" "$APP=docker.io/firedrill/$BUILD/$APP:2.3.0" || true # one of before may be gone by now
done
