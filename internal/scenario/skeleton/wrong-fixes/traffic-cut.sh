#!/bin/sh
# Point the Service at nothing.
# refused: traffic-cut
set -eu
kubectl patch "service/$APP" -p '{"spec":{"selector":{"app":"'"$APP"'-maintenance"}}}'
