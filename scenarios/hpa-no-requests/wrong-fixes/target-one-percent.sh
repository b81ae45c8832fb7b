#!/bin/sh
# Repair what is wrong, and set a target of 1 % so that it surely scales.
# refused: target-absurd
set -eu
kubectl patch hpa "$APP" --type=json -p '[{"op":"replace","path":"/spec/metrics/0/resource/target/averageUtilization","value":1},
  {"op":"replace","path":"/spec/scaleTargetRef/name","value":"'"$APP"'"}]'
if [ "$VARIANT" = no-requests ]; then
  kubectl rollout undo "deployment/$APP"
  kubectl rollout status "deployment/$APP" --timeout=100s
fi
