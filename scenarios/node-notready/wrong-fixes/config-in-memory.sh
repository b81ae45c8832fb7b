#!/bin/sh
# Try the cluster's configuration under /tmp first, see that it works, and leave it there.
# variants: kubelet-config
# refused: gone-at-reboot
set -eu
kubectl -n kube-system get configmap kubelet-config -o jsonpath='{.data.kubelet}' |
  "$FIREDRILL" ssh "$NODE" -- tee /tmp/kubelet.yaml
"$FIREDRILL" ssh "$NODE" -- sed -i 's|^KUBELET_EXTRA_ARGS=|&--config=/tmp/kubelet.yaml |' /etc/default/kubelet
"$FIREDRILL" ssh "$NODE" -- systemctl restart kubelet
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
