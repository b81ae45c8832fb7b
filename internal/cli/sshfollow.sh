#!/bin/sh
# Prints the file $1 as it grows, until the input ends, and removes it. Whoever reads
# this may be killed: its end of the pipe closes, and nothing stays in the node.
i=0
while [ ! -f "$1" ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
tail -n +1 -f "$1" &
cat >/dev/null
kill $!
rm -f "$1"
