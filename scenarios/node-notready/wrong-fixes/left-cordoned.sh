#!/bin/sh
# Repair the unit, and forget to uncordon.
# variants: kubelet-stopped, containerd-stopped
# refused: left-cordoned
set -eu
case "$VARIANT" in
  containerd-stopped) unit=containerd ;;
  *) unit=kubelet ;;
esac
kubectl cordon "$NODE"
"$FIREDRILL" ssh "$NODE" -- systemctl enable --now "$unit"
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
