#!/bin/sh
# Does what it says.
set -eu
kubectl rollout undo deployment/lab
kubectl rollout status deployment/lab --timeout=60s
