#!/bin/sh
# The node is NotReady, so restart its kubelet: without a runtime it does not even start.
# variants: containerd-stopped
# refused: recovery:node-ready
set -eu
"$FIREDRILL" ssh "$NODE" -- systemctl restart kubelet
