#!/bin/sh
# Delete the Node object: nothing is NotReady any more.
# refused: node-deleted
set -eu
kubectl delete node "$NODE" --wait=false
