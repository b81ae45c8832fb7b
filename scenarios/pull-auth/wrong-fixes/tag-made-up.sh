#!/bin/sh
# Have the registry filled with the tag that is missing, whatever is in it.
# variants: tag-missing
# refused: tag-made-up
set -eu
kubectl get "deployment/$REGISTRY" -o yaml | sed 's/\["'"$TRAIN"'\.1"\]/["'"$TRAIN"'.1", "v'"$TRAIN"'.1"]/' | kubectl replace -f -
kubectl rollout status "deployment/$REGISTRY" --timeout=90s
kubectl delete pods -l "app=$APP" --field-selector=status.phase=Pending
kubectl rollout status "deployment/$APP" --timeout=90s
