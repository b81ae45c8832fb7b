#!/bin/sh
# Repair the unit, and forget to uncordon.
# refused: left-cordoned
set -eu
kubectl cordon "$NODE"
"$FIREDRILL" ssh "$NODE" -- systemctl enable --now kubelet
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
