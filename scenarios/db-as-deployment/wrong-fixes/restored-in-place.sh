#!/bin/sh
# Play the dump into the Deployment's pod: the next rollout loses it again.
# variants: lost-data
# refused: recovery:stateful
set -eu
kubectl apply -f - <<EOF
apiVersion: batch/v1
kind: Job
metadata:
  name: restore
spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      securityContext: {runAsUser: 999, runAsGroup: 999}
      containers:
        - name: restore
          image: docker.io/library/postgres:15
          imagePullPolicy: IfNotPresent
          command: [psql, -qX, --single-transaction, -v, ON_ERROR_STOP=1, -h, "$DB", -p, "$PORT", -U, shop, -d, shop, -f, /backups/orders-nightly.sql]
          env:
            - name: PGPASSWORD
              valueFrom:
                secretKeyRef: {name: "$DB", key: password}
          volumeMounts:
            - {name: backups, mountPath: /backups, readOnly: true}
      volumes:
        - name: backups
          persistentVolumeClaim: {claimName: "$DB-backups"}
EOF
kubectl wait --for=condition=complete job/restore --timeout=60s
