#!/bin/sh
# Point the Service to a page that says "back soon".
# refused: traffic-rerouted
set -eu
kubectl create deployment holding-page "--image=docker.io/firedrill/$BUILD/holding-page:1.0.0"
kubectl patch "service/$APP" --type=merge \
  -p '{"spec":{"selector":{"app":"holding-page"},"ports":[{"name":"http","port":80,"targetPort":'"$PORT"'}]}}'
