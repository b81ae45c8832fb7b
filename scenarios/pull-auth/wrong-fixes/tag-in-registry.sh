#!/bin/sh
# Make the tag that is missing inside of the registry: it is gone with the registry's next start.
# variants: tag-missing
# refused: recovery:registry-serves
set -eu
tags="/var/lib/registry/docker/registry/v2/repositories/shop/$APP/_manifests/tags"
kubectl exec "deployment/$REGISTRY" -c registry -- cp -r "$tags/$TRAIN.1" "$tags/v$TRAIN.1"
kubectl delete pods -l "app=$APP" --field-selector=status.phase=Pending
kubectl rollout status "deployment/$APP" --timeout=90s
