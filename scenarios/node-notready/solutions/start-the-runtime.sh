#!/bin/sh
# The message names the runtime: enable containerd, start it, see the node come back.
# variants: containerd-stopped
set -eu
kubectl get node "$NODE" -o jsonpath='{.status.conditions[?(@.type=="Ready")].message}'
"$FIREDRILL" ssh "$NODE" -- systemctl enable containerd
"$FIREDRILL" ssh "$NODE" -- systemctl start containerd
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
