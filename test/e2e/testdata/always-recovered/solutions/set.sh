#!/bin/sh
# Does what it says.
set -eu
kubectl set image deployment/lab "lab=docker.io/firedrill/$BUILD/lab:1"
kubectl rollout status deployment/lab --timeout=60s
