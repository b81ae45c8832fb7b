#!/bin/sh
# The peak, day and night, with room above it that nobody needs.
# refused: hpa-pinned
set -eu
kubectl patch hpa "$APP" --type=merge -p '{"spec":{"minReplicas":7,"maxReplicas":16}}'
