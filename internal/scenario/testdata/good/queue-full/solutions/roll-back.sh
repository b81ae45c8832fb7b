#!/bin/sh
# shellcheck disable=SC2034
# Goes back to the version before.
kubectl -n "$NAMESPACE" rollout undo deploy/checkout
