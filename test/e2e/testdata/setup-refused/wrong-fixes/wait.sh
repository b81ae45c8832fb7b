#!/bin/sh
# Does what it says.
# refused: recovery:rolled-out
set -eu
kubectl get pods
