#!/bin/sh
# Roll back to the release whose image is in the registry.
# variants: tag-missing
set -eu
kubectl rollout history "deployment/$APP"
kubectl rollout undo "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=90s
