#!/usr/bin/env bash
# Records the audit lines of every command in commands.txt.
#
#   record.sh KUBECTL KUBECONFIG CONTROL-PLANE NODE IMAGE
#
# KUBECONFIG is that of user trainee:fixture-abcde, in namespace fixture-abcde, CONTROL-PLANE
# the name of the cluster's control-plane container ("-": the log is the file $LOG),
# NODE the node that is drained, IMAGE a drillapp image that the nodes have. The
# lines go to KUBECTL's version beside this script, a file a command. With NAMED=1 kubectl is
# run as in the shell of a drill, whose kubectl has a name that tells its command, and they
# go to named-VERSION. ONLY='REGEXP' records the commands whose names match it (all are run).
set -euo pipefail
kubectl=$1 node=$3 NODE=$4 IMAGE=$5 NS=fixture-abcde
export KUBECONFIG=$2 NODE IMAGE NS KUBECTL=$kubectl
here=$(cd "$(dirname "$0")" && pwd)
version=${VERSION:-$("$kubectl" version --client -o yaml | awk '/gitVersion/ {print $2; exit}')}
out=$here/${NAMED:+named-}$version log=${LOG:-/var/log/kubernetes/audit/audit.log}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out" "$work/bin" "$work/named"
if [ -n "${NAMED-}" ]; then
  ln -s "$kubectl" "$work/bin/kubectl"
  install -m 755 "$here/../../cli/shellkubectl.sh" "$work/named/kubectl"
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$work/named/kubectl" >"$work/bin/k"
else
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$kubectl" >"$work/bin/k"
fi
chmod +x "$work/bin/k"
export PATH=$work/bin:$PATH
sed "s|IMAGE|$IMAGE|; s|NODE\b|$NODE|" "$here/setup.yaml" >"$work/setup.yaml"
cd "$work"

in_node() { if [ "$node" = - ]; then "$@"; else docker exec "$node" "$@"; fi; }
scrub() { sed -E 's/"extra":\{"authentication.kubernetes.io[^}]*\}/"extra":{}/; s/"sourceIPs":\[[^]]*,[^]]*\]/"sourceIPs":["127.0.0.1","192.0.2.1"]/; s/"sourceIPs":\["[^,]*"\]/"sourceIPs":["192.0.2.1"]/'; }

k apply -f setup.yaml >/dev/null
k rollout status deploy/checkout --timeout=60s || true
while IFS= read -r line <&3; do
  case $line in '' | '#'*) continue ;; esac
  name=${line%% | *} rest=${line#* | }
  command=${rest%" |"*}
  POD=$(k get pods -l app=checkout --field-selector status.phase!=Failed --sort-by=.metadata.creationTimestamp -o name | tail -1)
  export POD=${POD#pod/}
  sleep 0.3
  before=$(in_node stat -c %s "$log")
  timeout 90 bash -c "$command" </dev/null >"$work/output" 2>&1 || echo "  $name: $(tail -1 "$work/output")"
  [ "$name" = - ] && continue
  [[ $name =~ ${ONLY-} ]] || continue
  sleep 0.5
  in_node tail -c +"$((before + 1))" "$log" | grep "\"username\":\"trainee:$NS\"" | scrub >"$out/$name.jsonl" || true
  echo "$name: $(wc -l <"$out/$name.jsonl") lines"
done 3<"$here/commands.txt"
