#!/bin/sh
# Restart metrics-server: it comes back with the same arguments.
# variants: metrics-server-broken
# refused: recovery:hpa-active
set -eu
kubectl -n kube-system rollout restart deployment/metrics-server
