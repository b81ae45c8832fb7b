#!/bin/sh
# Run another program in its place, one that starts at once.
# refused: image-swapped
set -eu
kubectl set image "deployment/$APP" "$APP=docker.io/firedrill/$BUILD/holding-page:1.0.0"
