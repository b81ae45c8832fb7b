#!/bin/sh
# Does what it says.
set -eu
kubectl get pods
