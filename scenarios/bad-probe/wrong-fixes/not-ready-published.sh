#!/bin/sh
# Have the Service send customers to pods that are not ready.
# variants: readiness-port
# refused: not-ready-published
set -eu
kubectl patch "service/$APP" -p '{"spec":{"publishNotReadyAddresses":true}}'
