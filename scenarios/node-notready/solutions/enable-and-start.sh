#!/bin/sh
# Straight to the unit: enable it, start it, see the node come back.
# variants: kubelet-stopped
set -eu
kubectl get nodes
"$FIREDRILL" ssh "$NODE" -- systemctl enable kubelet
"$FIREDRILL" ssh "$NODE" -- systemctl start kubelet
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
