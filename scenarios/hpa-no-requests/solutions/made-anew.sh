#!/bin/sh
# Make the autoscaler anew, from what it is to do, under a name that says by what it scales.
# variants: wrong-target, max-reached
set -eu
kubectl get hpa "$APP" -o yaml
kubectl delete hpa "$APP"
kubectl create -f - <<EOF
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: $APP-cpu
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: $APP}
  minReplicas: 2
  maxReplicas: 10
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: 60}
EOF
