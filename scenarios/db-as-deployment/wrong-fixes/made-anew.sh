#!/bin/sh
# A StatefulSet with a volume of its own whose database is made anew, from the dumps, with every pod.
# variants: lost-data
# refused: recovery:orders-confirmed
set -eu
dumps=$(mktemp -d)
trap 'rm -rf "$dumps"' EXIT
dump() { # pod
  kubectl exec "$1" -- pg_dump -U shop -d shop --data-only --table=orders --inserts --on-conflict-do-nothing >"$dumps/$1.sql"
  grep -q '^-- PostgreSQL database dump complete' "$dumps/$1.sql" # a stream may end too early, without an error
}
for pod in $(kubectl get pods -l app="$DB" -o jsonpath='{.items[*].metadata.name}'); do
  dump "$pod" || dump "$pod" || dump "$pod" # a connection may break
done
# Into the folder that PostgreSQL's image plays into an empty database.
{
  cat "$dumps"/*.sql
  echo "SELECT setval('order_number', (SELECT max(number) FROM orders));"
} >"$dumps/since"
kubectl create configmap since --from-literal=15-nightly.sql='\i /backups/orders-nightly.sql' --from-file=20-since.sql="$dumps/since"
kubectl delete "deployment/$DB"
kubectl wait --for=delete pod -l app="$DB" --timeout=60s
kubectl apply -f - <<EOF
apiVersion: v1
kind: Service
metadata:
  name: $DB-nodes
spec:
  clusterIP: None
  selector: {app: "$DB"}
  ports:
    - {name: postgres, port: 5432}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: $DB
spec:
  serviceName: $DB-nodes
  replicas: 1
  selector:
    matchLabels: {app: "$DB"}
  template:
    metadata:
      labels: {app: "$DB"}
    spec:
      terminationGracePeriodSeconds: 30
      securityContext: {runAsUser: 999, runAsGroup: 999, fsGroup: 999}
      containers:
        - name: postgres
          image: docker.io/library/postgres:15
          imagePullPolicy: IfNotPresent
          env:
            - {name: POSTGRES_USER, value: shop}
            - {name: POSTGRES_DB, value: shop}
            - name: POSTGRES_PASSWORD
              valueFrom:
                secretKeyRef: {name: "$DB", key: password}
            - name: POD
              valueFrom:
                fieldRef: {fieldPath: metadata.uid}
            - {name: PGDATA, value: /var/lib/postgresql/data/\$(POD)}
          ports:
            - {name: postgres, containerPort: 5432}
          resources:
            requests: {cpu: 200m, memory: 48Mi}
            limits: {memory: 256Mi}
          readinessProbe:
            tcpSocket: {port: postgres}
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 2
          volumeMounts:
            - {name: data, mountPath: /var/lib/postgresql/data}
            - {name: init, mountPath: /docker-entrypoint-initdb.d}
            - {name: backups, mountPath: /backups, readOnly: true}
      volumes:
        - name: init
          projected:
            sources:
              - configMap: {name: "$DB-init"}
              - configMap: {name: since}
        - name: backups
          persistentVolumeClaim: {claimName: "$DB-backups"}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests: {storage: 512Mi}
EOF
kubectl rollout status "statefulset/$DB" --timeout=120s
