#!/bin/sh
# Turn the knob of the simulation, by way of the ConfigMap that the pods read.
# variants: leak
# refused: leak-switched-off
set -eu
kubectl patch "configmap/$APP-campaign" -p '{"data":{"LEAK_PER_REQUEST":"0"}}'
kubectl rollout restart "deployment/$APP"
kubectl rollout status "deployment/$APP" --timeout=120s
