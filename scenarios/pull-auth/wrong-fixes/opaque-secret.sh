#!/bin/sh
# Write the right login into a secret of a type that the kubelet does not read.
# refused: recovery:registry-serves
# variants: secret-missing, secret-corrupt, secret-other-host
set -eu
config=$(kubectl get secret "$NEIGHBOR-registry" -o 'jsonpath={.data.\.dockerconfigjson}' | base64 -d)
kubectl delete secret "$APP-registry" --ignore-not-found
kubectl create secret generic "$APP-registry" --from-literal=.dockerconfigjson="$config"
kubectl delete pods -l "app=$APP" --field-selector=status.phase=Pending
