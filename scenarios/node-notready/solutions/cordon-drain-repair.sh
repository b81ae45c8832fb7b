#!/bin/sh
# The safe order: cordon, drain as far as it goes, repair the unit, uncordon.
set -eu
kubectl describe node "$NODE"
kubectl cordon "$NODE"
# The silent kubelet cannot confirm an eviction: the drain asks, and does not wait long.
kubectl drain "$NODE" --ignore-daemonsets --delete-emptydir-data --timeout=10s || true
"$FIREDRILL" ssh "$NODE" -- systemctl status kubelet --no-pager || true
"$FIREDRILL" ssh "$NODE" -- systemctl enable --now kubelet
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
kubectl uncordon "$NODE"
