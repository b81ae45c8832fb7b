#!/bin/sh
# The safe order: cordon, drain as far as it goes, repair the unit, uncordon.
# variants: kubelet-stopped, containerd-stopped
set -eu
case "$VARIANT" in
  containerd-stopped) unit=containerd ;;
  *) unit=kubelet ;;
esac
kubectl describe node "$NODE"
kubectl cordon "$NODE"
# Neither a silent kubelet nor one without a runtime can end a pod: the drain asks, and does not wait long.
kubectl drain "$NODE" --ignore-daemonsets --delete-emptydir-data --timeout=10s || true
"$FIREDRILL" ssh "$NODE" -- systemctl status "$unit" --no-pager || true
"$FIREDRILL" ssh "$NODE" -- systemctl enable --now "$unit"
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
kubectl uncordon "$NODE"
