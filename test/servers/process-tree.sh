#!/bin/sh
# process-tree.sh SIGNAL PID
#
# Sends STOP, CONT or KILL to PID and to every process below it. A group would
# not do: each PostgreSQL backend leads a session of its own. STOP and KILL
# first freeze the tree from the top, so that nothing in it can start another
# process, or notice a death, while the rest is still to be reached.

children() {
  if [ -e "/proc/$1" ]; then
    cat "/proc/$1/task/"*/children
  else
    pgrep -P "$1"
  fi 2>/dev/null
}

tree() {
  echo "$1"
  for child in $(children "$1"); do tree "$child"; done
}

signal=$1
root=$2
all=$(tree "$root")
if [ "$signal" != CONT ]; then
  frozen=
  while [ "$all" != "$frozen" ]; do
    kill -s STOP $all 2>/dev/null
    frozen=$all
    all=$(tree "$root")
  done
fi
kill -s "$signal" $all 2>/dev/null
exit 0
