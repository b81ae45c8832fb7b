#!/bin/sh
# Spread the leak over more pods: each fills up more slowly.
# variants: leak
# refused: leak-fed
set -eu
kubectl scale "deployment/$APP" --replicas=6
