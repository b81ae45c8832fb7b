#!/bin/sh
# Mount other accounts into the registry, with a password that this service knows: nobody else's login fits any more.
# variants: secret-missing, secret-corrupt
# refused: registry-changed
set -eu
hash=$(kubectl get secret "$REGISTRY-accounts" -o 'jsonpath={.data.htpasswd}' | base64 -d | sed -n "s/^$PIPELINE://p")
password=$(kubectl get secret ci-registry -o 'jsonpath={.data.\.dockerconfigjson}' | base64 -d |
  sed 's/.*"password": *"\([^"]*\)".*/\1/')
kubectl create secret generic accounts-2 --from-literal=htpasswd="$ACCOUNT:$hash"
kubectl patch "deployment/$REGISTRY" \
  -p '{"spec":{"template":{"spec":{"volumes":[{"name":"accounts","secret":{"secretName":"accounts-2"}}]}}}}'
kubectl rollout status "deployment/$REGISTRY" --timeout=90s
kubectl delete secret "$APP-registry" --ignore-not-found
kubectl create secret docker-registry "$APP-registry" \
  --docker-server="$REGISTRY.$NAMESPACE.internal" --docker-username="$ACCOUNT" --docker-password="$password"
kubectl delete pods -l "app=$APP" --field-selector=status.phase=Pending
kubectl rollout status "deployment/$APP" --timeout=90s
