#!/bin/sh
# Double the limit of a version that leaks: the kill comes later.
# variants: leak
# refused: leak-fed
set -eu
kubectl set resources "deployment/$APP" -c "$APP" --limits=memory=256Mi
