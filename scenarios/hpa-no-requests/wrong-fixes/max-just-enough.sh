#!/bin/sh
# One replica more: what was over the target is a little less over it.
# variants: max-reached
# refused: hpa-capped
set -eu
kubectl patch hpa "$APP" --type=merge -p '{"spec":{"maxReplicas":3}}'
