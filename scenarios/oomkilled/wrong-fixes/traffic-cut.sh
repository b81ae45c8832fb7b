#!/bin/sh
# Point the Service elsewhere: without requests the memory does not grow.
# refused: traffic-cut
set -eu
kubectl patch "service/$APP" -p '{"spec":{"selector":{"app":"'"$APP"'-maintenance"}}}'
