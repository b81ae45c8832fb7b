#!/bin/sh
# Start the unit, and leave it disabled.
# variants: kubelet-stopped, containerd-stopped
# refused: not-enabled
set -eu
case "$VARIANT" in
  containerd-stopped) unit=containerd ;;
  *) unit=kubelet ;;
esac
"$FIREDRILL" ssh "$NODE" -- systemctl start "$unit"
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
