#!/bin/sh
# Roll back: the old pods run, and the new ones cannot be pulled either.
# refused: recovery:registry-serves
# variants: secret-missing, secret-corrupt, secret-other-host
set -eu
kubectl rollout undo "deployment/$APP"
