#!/bin/sh
# Take the budget away so that the drain goes through, then repair the runtime.
# variants: containerd-stopped
# refused: budget-removed
set -eu
kubectl delete pdb "$APP"
kubectl drain "$NODE" --ignore-daemonsets --delete-emptydir-data --timeout=10s || true
"$FIREDRILL" ssh "$NODE" -- systemctl enable --now containerd
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
kubectl uncordon "$NODE"
