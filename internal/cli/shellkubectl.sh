#!/usr/bin/env bash
# Runs kubectl under a name that tells which of its commands it is, as kubectl-rollout-status:
# client-go makes the user agent of a program's name, and so the API server's audit log has it,
# where two commands that send the same requests could not be told apart (docs/audit.md).
# It stands in the PATH of `firedrill shell` alone, and changes nothing else.
set -f
real='' other='' # the first one behind this one in the PATH (a shell in a shell has two of these), or any
IFS=:
for dir in $PATH; do
  if [ "$dir" = "${0%/*}" ]; then
    real=''
  elif [ -f "$dir/kubectl" ] && [ -x "$dir/kubectl" ]; then
    real=${real:-$dir/kubectl} other=${other:-$dir/kubectl}
  fi
done
unset IFS
real=${real:-$other}
if [ -z "$real" ]; then
  echo "kubectl: command not found" >&2
  exit 127
fi

first='' second='' value=''
for word in "$@"; do
  if [ -n "$value" ]; then # of the flag before it
    value=''
    continue
  fi
  case $word in
    --) break ;;
    -n | -s | -v | --as | --as-group | --as-uid | --as-user-extra | --cache-dir | --certificate-authority | --client-certificate | \
      --client-key | --cluster | --context | --kubeconfig | --kuberc | --log-flush-frequency | --namespace | --password | --profile | \
      --profile-output | --request-timeout | --server | --tls-server-name | --token | --user | --username | --v | --vmodule) value=next ;;
    -*) ;;
    *)
      if [ -n "$first" ]; then
        second=$word
        break
      fi
      first=$word
      ;;
  esac
done

name=''
case $first in
  auth | certificate | rollout | set | top)
    case $second in
      approve | can-i | deny | env | history | image | no | node | nodes | pause | po | pod | pods | resources | restart | resume | selector | \
        serviceaccount | status | subject | undo | whoami) name=$first-$second ;;
    esac
    ;;
  annotate | api-resources | api-versions | apply | attach | autoscale | cluster-info | cordon | cp | create | debug | delete | describe | \
    diff | drain | edit | events | exec | explain | expose | get | label | logs | patch | port-forward | proxy | replace | run | scale | \
    taint | uncordon | version | wait) name=$first ;;
esac

# A program of many names (a version manager's, a snap, k3s) needs its own.
program=$(readlink -f "$real" 2>/dev/null)
case ${program##*/} in
  kubectl*) [ -z "$name" ] || exec -a "kubectl-$name" "$real" "$@" ;;
esac
exec "$real" "$@"
