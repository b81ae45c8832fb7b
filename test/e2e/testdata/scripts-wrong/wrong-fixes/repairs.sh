#!/bin/sh
# Does what it says.
# refused: scaled-down
set -eu
kubectl rollout undo deployment/lab
kubectl rollout status deployment/lab --timeout=60s
