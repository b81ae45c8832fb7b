#!/bin/sh
# The log says that no kubelet's certificate is trusted: give the flag back.
# variants: metrics-server-broken
set -eu
kubectl -n kube-system logs deployment/metrics-server --tail=20
kubectl -n kube-system patch deployment/metrics-server --type=json \
  -p '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--kubelet-insecure-tls"}]'
kubectl -n kube-system rollout status deployment/metrics-server --timeout=100s
