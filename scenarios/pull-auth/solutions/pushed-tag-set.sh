#!/bin/sh
# Ask the registry, logged in, which tags there are, and set the newest release.
# variants: tag-missing
set -eu
config=$(kubectl get secret "$APP-registry" -o 'jsonpath={.data.\.dockerconfigjson}' | base64 -d)
password=$(echo "$config" | sed 's/.*"password": *"\([^"]*\)".*/\1/')
login=$(printf '%s:%s' "$ACCOUNT" "$password" | base64 | tr -d '\n')
tags=$(kubectl exec "deployment/$REGISTRY" -c registry -- \
  wget -q -O - --header "Authorization: Basic $login" "http://$REGISTRY:5000/v2/shop/$APP/tags/list")
echo "$tags"
tag=$(echo "$tags" | tr -c '0-9.\n' '\n' | grep -E '^[0-9]+\.[0-9]+\.[0-9]+$' | sort -V | tail -n 1)
kubectl set image "deployment/$APP" "$APP=$REGISTRY.$NAMESPACE.internal/shop/$APP:$tag"
kubectl rollout status "deployment/$APP" --timeout=90s
