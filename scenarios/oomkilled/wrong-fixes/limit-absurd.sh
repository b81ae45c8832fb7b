#!/bin/sh
# Raise the limit far beyond any need.
# variants: limit-cut
# refused: limit-absurd
set -eu
kubectl set resources "deployment/$APP" -c "$APP" --limits=memory=8Gi
kubectl rollout status "deployment/$APP" --timeout=120s
