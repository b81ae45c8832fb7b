#!/bin/sh
# Be content with the two pods that run.
# refused: scaled-down
set -eu
kubectl rollout undo "deployment/$APP"
kubectl scale "deployment/$APP" --replicas=2
