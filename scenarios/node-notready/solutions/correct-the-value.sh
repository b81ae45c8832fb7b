#!/bin/sh
# Cordon and drain, read the journal, put the one value right, restart, uncordon.
# variants: kubelet-config
set -eu
kubectl describe node "$NODE"
kubectl cordon "$NODE"
kubectl drain "$NODE" --ignore-daemonsets --delete-emptydir-data --timeout=10s || true
"$FIREDRILL" ssh "$NODE" -- journalctl -u kubelet -n 30 --no-pager
"$FIREDRILL" ssh "$NODE" -- sed -i "s/^$SETTING: .*/$SETTING: 30s/" /var/lib/kubelet/config.yaml
"$FIREDRILL" ssh "$NODE" -- systemctl restart kubelet
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
kubectl uncordon "$NODE"
