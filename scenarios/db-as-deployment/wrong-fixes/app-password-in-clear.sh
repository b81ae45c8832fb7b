#!/bin/sh
# Repair the database, and write its password into the application's manifest: one reference less.
# variants: two-writers
# refused: app-password-in-clear
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
kubectl scale "deployment/$DB" --replicas=0
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
            - {name: PGDATA, value: /var/lib/postgresql/data/pgdata}
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
      volumes:
        - name: init
          configMap: {name: "$DB-init"}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests: {storage: 512Mi}
EOF
kubectl rollout status "statefulset/$DB" --timeout=90s
play() { cat "$dumps"/*.sql | kubectl exec -i "$DB-0" -- psql -qX -U shop -d shop >/dev/null; }
play || play
# The dumps hold the orders, not the sequence that numbers them: it goes on behind the last one.
kubectl exec "$DB-0" -- psql -qX -U shop -d shop -c "SELECT setval('order_number', (SELECT max(number) FROM orders))"
kubectl delete "deployment/$DB"
password=$(kubectl get secret "$DB" -o jsonpath='{.data.password}' | base64 -d)
kubectl set env "deployment/$APP" DB_PASSWORD- "DATABASE_URL=postgres://shop:$password@$DB:$PORT/shop"
kubectl rollout status "deployment/$APP" --timeout=90s
