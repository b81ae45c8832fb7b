#!/bin/sh
# Roll back, and have the backend's name mean a copy of it that asks nobody for a credential.
# refused: backend-impersonated
set -eu
image=$(kubectl get "deployment/$BACKEND" -o 'jsonpath={.spec.template.spec.containers[0].image}')
port=$(kubectl get "deployment/$BACKEND" -o 'jsonpath={.spec.template.spec.containers[0].ports[0].containerPort}')
kubectl create deployment stand-in --image="$image"
kubectl expose deployment stand-in --port=80 --target-port="$port"
address=$(kubectl get service stand-in -o 'jsonpath={.spec.clusterIP}')
kubectl rollout undo "deployment/$APP"
kubectl patch "deployment/$APP" \
  -p '{"spec":{"template":{"spec":{"hostAliases":[{"ip":"'"$address"'","hostnames":["'"$BACKEND"'"]}]}}}}'
kubectl rollout status deployment/stand-in --timeout=50s
kubectl rollout status "deployment/$APP" --timeout=85s
