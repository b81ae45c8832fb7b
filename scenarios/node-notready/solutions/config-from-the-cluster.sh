#!/bin/sh
# Put the file back as kubeadm keeps it in the cluster; the kubelet restarts by itself.
# variants: kubelet-config
set -eu
"$FIREDRILL" ssh "$NODE" -- systemctl status kubelet --no-pager || true
kubectl -n kube-system get configmap kubelet-config -o jsonpath='{.data.kubelet}' |
  "$FIREDRILL" ssh "$NODE" -- tee /var/lib/kubelet/config.yaml
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
