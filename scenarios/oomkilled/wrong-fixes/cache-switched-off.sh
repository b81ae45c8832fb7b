#!/bin/sh
# Make the program need less than it was built to need, so that the cut limit is enough.
# variants: limit-cut
# refused: cache-switched-off
set -eu
kubectl set env "deployment/$APP" WORKING_SET=0
kubectl rollout status "deployment/$APP" --timeout=120s
