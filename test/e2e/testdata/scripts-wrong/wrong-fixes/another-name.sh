#!/bin/sh
# Does what it says.
# refused: image-swapped
set -eu
kubectl scale deployment/lab --replicas=0
