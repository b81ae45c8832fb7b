#!/bin/sh
# Raise maxReplicas so that nobody has to think about it again.
# variants: max-reached
# refused: hpa-unbounded
set -eu
kubectl patch hpa "$APP" --type=merge -p '{"spec":{"maxReplicas":500}}'
