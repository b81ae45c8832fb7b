# shellcheck shell=bash disable=SC2154
# Steps: each runs on its own with a log; what they tell a person is said here.
# Needs $work. Sourced by ../build.

declare -A step_pid=() step_start=()
heartbeat=

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
  trap 'stop_steps; say "interrupted; run it again to go on from here"; exit 130' INT TERM HUP
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
  stop_heartbeat
  local pid
  for pid in "${step_pid[@]}"; do
    if kill -TERM -- "-$pid" 2>/dev/null; then wait "$pid" 2>/dev/null || true; fi
  done
  step_pid=()
}

# Waits for the named steps. A signal finds this shell in `wait`: in the middle of
# anything with a $(...) in it bash 5.2 may fail to read its own trap.
await() { # names...
  local name ended status
  for name in "$@"; do
    while [ -n "${step_pid[$name]-}" ]; do
      start_heartbeat
      status=0 ended=
      wait -n -p ended "${step_pid[@]}" || status=$?
      stop_heartbeat
      finish "$ended" "$status"
    done
  done
}

finish() { # process status
  local name
  for name in "${!step_pid[@]}"; do
    if [ "${step_pid[$name]}" = "$1" ]; then break; fi
  done
  unset 'step_pid[$name]' # in single quotes: bash itself expands a subscript
  if [ "$2" -ne 0 ]; then
    say "step failed: $name (exit code $2, after $(elapsed "${step_start[$name]}")); its last lines:"
    tail -n 15 "$(step_log "$name")" | sed 's/^/  /' >&2
    say "the whole log is $(step_log "$name")"
    exit 1
  fi
  say "$name: done in $(elapsed "${step_start[$name]}")"
}

# Tells how the steps get on: on a terminal in one line that is written over,
# elsewhere in a line a minute.
start_heartbeat() {
  (
    exec 9>&- {never}<> <(:)
    interval=60
    if [ -t 2 ]; then interval=1; fi
    # reads what never comes: a sleep would outlive this shell when it is killed
    while ! read -r -t "$interval" -u "$never"; do
      if [ -t 2 ]; then printf '\r\033[K  %s' "$(progress)" >&2; else say "$(progress)"; fi
    done
  ) >/dev/null </dev/null &
  heartbeat=$!
}

stop_heartbeat() {
  [ -n "$heartbeat" ] || return 0
  kill "$heartbeat" 2>/dev/null || true
  wait "$heartbeat" 2>/dev/null || true
  heartbeat=
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

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
