#!/bin/sh
# Scale to zero: nothing is killed any more.
# refused: scaled-down
set -eu
kubectl scale "deployment/$APP" --replicas=0
