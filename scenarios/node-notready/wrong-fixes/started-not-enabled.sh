#!/bin/sh
# Start the kubelet, and leave it disabled.
# refused: not-enabled
set -eu
"$FIREDRILL" ssh "$NODE" -- systemctl start kubelet
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
