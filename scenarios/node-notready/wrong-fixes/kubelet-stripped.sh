#!/bin/sh
# Throw out of the file whatever is not understood, until the kubelet starts.
# variants: kubelet-config
# refused: kubelet-stripped
set -eu
"$FIREDRILL" ssh "$NODE" -- sed -i -e "/^$SETTING:/d" -e '/^evictionHard:/,/^[^ ]/{/^evictionHard:/d;/^ /d}' \
  -e '/^crashLoopBackOff:/,+1d' -e '/^rotateCertificates:/d' /var/lib/kubelet/config.yaml
"$FIREDRILL" ssh "$NODE" -- systemctl restart kubelet
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
