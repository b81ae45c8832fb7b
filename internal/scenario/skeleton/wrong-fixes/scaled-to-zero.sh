#!/bin/sh
# Scale to zero: no pod answers with an error any more.
# refused: scaled-down
set -eu
kubectl scale "deployment/$APP" --replicas=0
