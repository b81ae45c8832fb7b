#!/bin/sh
# Have the registry make the tag that is missing whenever it starts, so that it does not go away again.
# variants: tag-missing
# refused: registry-changed
set -eu
tags="/var/lib/registry/docker/registry/v2/repositories/shop/$APP/_manifests/tags"
kubectl patch "deployment/$REGISTRY" -p '{"spec":{"template":{"spec":{"containers":[{"name":"registry","lifecycle":
  {"postStart":{"exec":{"command":["sh","-c","cp -r '"$tags/$TRAIN.1 $tags/v$TRAIN.1"'"]}}}}]}}}}'
kubectl rollout status "deployment/$REGISTRY" --timeout=60s
kubectl delete pods -l "app=$APP" --field-selector=status.phase=Pending
kubectl rollout status "deployment/$APP" --timeout=85s
