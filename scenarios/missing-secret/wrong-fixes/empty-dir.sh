#!/bin/sh
# Mount an empty folder in its place: the pod starts.
# variants: volume
# refused: reference-removed
set -eu
kubectl patch "deployment/$APP" --type=merge -p '{"spec":{"template":{"spec":{"volumes":[{"name":"credentials","emptyDir":{}}]}}}}'
kubectl rollout status "deployment/$APP" --timeout=110s
