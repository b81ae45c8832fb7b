#!/bin/sh
# A configuration that surely works: everybody may ask the kubelet, and for everything.
# variants: kubelet-config
# refused: kubelet-opened
set -eu
"$FIREDRILL" ssh "$NODE" -- sed -i -e "/^$SETTING:/d" -e '/^  anonymous:/,+1 s/false/true/' \
  -e 's/^  mode: Webhook/  mode: AlwaysAllow/' /var/lib/kubelet/config.yaml
"$FIREDRILL" ssh "$NODE" -- systemctl restart kubelet
kubectl wait --for=condition=Ready "node/$NODE" --timeout=90s
