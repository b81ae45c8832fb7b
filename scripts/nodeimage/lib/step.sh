# shellcheck shell=bash disable=SC2154
# Steps: each runs on its own with a log; what they tell a person is said here.
# Needs $work. Sourced by ../build.

declare -A step_pid=() step_start=()

say() { printf 'nodeimage: %s\n' "$*" >&2; }
not_ready() { say "$*"; exit 4; }
has() { command -v "$1" >/dev/null; }

elapsed() { # since, in seconds of this script
  local seconds=$((SECONDS - $1))
  printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

step_log() { echo "$work/log/${1//[^A-Za-z0-9]/-}.log"; }

# One build at a time, each in a folder free of what an interrupted one left.
prepare_work() {
  mkdir -p "$work/log"
  exec 9>"$work/lock"
  if ! flock -n 9; then
    say "another build is at work, waiting for it"
    flock 9
  fi
  rm -rf --one-file-system "$work"/*.partial "$work"/layer-*.tar
  rm -f "$work"/log/*
  trap 'stop_steps; exit 130' INT TERM HUP
  trap stop_steps EXIT
}

# Each step gets a process group of its own, so that all it has started can be
# ended with it; bash does that with job control on.
start() { # name function args...
  local name=$1
  shift
  set -m
  (set +m; exec 9>&-; set -e; "$@") >"$(step_log "$name")" 2>&1 </dev/null &
  set +m
  step_pid[$name]=$!
  step_start[$name]=$SECONDS
}

stop_steps() {
  trap '' INT TERM HUP
  local pid
  for pid in "${step_pid[@]}"; do
    if kill -TERM -- "-$pid" 2>/dev/null; then wait "$pid" 2>/dev/null || true; fi
  done
  step_pid=()
}

# Waits for the named steps, telling how they get on.
await() { # names...
  local name last_told=$SECONDS
  while [ $# -gt 0 ]; do
    for name in "${!step_pid[@]}"; do
      kill -0 "${step_pid[$name]}" 2>/dev/null || finish "$name"
    done
    local left=()
    for name in "$@"; do
      if [ -n "${step_pid[$name]-}" ]; then left+=("$name"); fi
    done
    set -- "${left[@]}"
    [ $# -gt 0 ] || break
    heartbeat
    sleep 0.5
  done
}

finish() { # name
  local name=$1 status=0
  wait "${step_pid[$name]}" || status=$?
  unset 'step_pid[$name]' # in single quotes: bash itself expands a subscript
  clear_line
  if [ "$status" -ne 0 ]; then
    say "step failed: $name (exit code $status, after $(elapsed "${step_start[$name]}")); its last lines:"
    tail -n 15 "$(step_log "$name")" | sed 's/^/  /' >&2
    say "the whole log is $(step_log "$name")"
    exit 1
  fi
  say "$name: done in $(elapsed "${step_start[$name]}")"
}

# On a terminal one line that is written over, elsewhere a line a minute.
heartbeat() {
  if [ -t 2 ]; then
    clear_line
    printf '  %s' "$(progress)" >&2
  elif [ $((SECONDS - last_told)) -ge 60 ]; then
    last_told=$SECONDS
    say "$(progress)"
  fi
}

clear_line() { if [ -t 2 ]; then printf '\r\033[K' >&2; fi; }

progress() {
  local name told=()
  for name in "${!step_pid[@]}"; do
    told+=("$name $(elapsed "${step_start[$name]}")$(step_progress "$name")")
  done
  local line
  line=$(printf '%s, ' "${told[@]}")
  echo "${line%, }"
}

step_progress() { # name
  if [ "$1" = compile ]; then compile_progress; fi
}
