#!/bin/bash
# The shell that `firedrill ssh NODE` opens in a node, which writes each line that is
# typed to the file $1 before it is run. $2 is "tty" for a person's shell.
umask 077
log=$1
mkdir -p "${log%/*}"
: >"$log"
rc=$log.rc
cat >"$rc" <<'RC'
unset BASH_ENV
if [[ $- == *i* ]]; then
  [ ! -f /etc/profile ] || . /etc/profile
  [ ! -f ~/.bashrc ] || . ~/.bashrc
  HISTCONTROL='' HISTTIMEFORMAT='' HISTFILE='' HISTSIZE=1000
  __firedrill_typed() {
    local line
    line=$(history 1)
    [[ $line =~ ^\ *[0-9]+\*?\ \ (.*)$ ]] || return
    line=${BASH_REMATCH[1]}
    printf '%s\n' "${line//$'\n'/; }" >>"$FIREDRILL_TYPED"
  }
  PS0='$(__firedrill_typed)'
else
  trap 'printf "%s\n" "${BASH_COMMAND//$'"'\\n'"'/; }" >>"$FIREDRILL_TYPED"' DEBUG
fi
RC
export FIREDRILL_TYPED=$log
if [ "$2" = tty ]; then
  bash --rcfile "$rc" -i
else
  BASH_ENV=$rc bash
fi
code=$?
rm -f "$rc"
printf '\036\n' >>"$log"
exit "$code"
