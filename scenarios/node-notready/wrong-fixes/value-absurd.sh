#!/bin/sh
# A value that the kubelet can read: hours, where seconds were meant.
# variants: kubelet-config
# refused: setting-absurd
set -eu
"$FIREDRILL" ssh "$NODE" -- sed -i "s/^$SETTING: .*/$SETTING: 30h/" /var/lib/kubelet/config.yaml
"$FIREDRILL" ssh "$NODE" -- systemctl restart kubelet
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
