#!/bin/sh
# kubectl top fails as well: look behind the metrics API, and roll its release back.
# variants: metrics-server-broken
set -eu
kubectl describe hpa "$APP"
kubectl top pods || true
kubectl get apiservice v1beta1.metrics.k8s.io
kubectl -n kube-system rollout history deployment/metrics-server
kubectl -n kube-system rollout undo deployment/metrics-server
kubectl -n kube-system rollout status deployment/metrics-server --timeout=100s
