#!/bin/sh
# watchdog.sh FOLDER
#
# Clears up after the process that holds the other end of standard input,
# however that process ends: the kernel closes the pipe even after SIGKILL.
# Input: a line with the id of the server now running, or an empty line when
# none is. At the end of input: kills that server and every process below it,
# gives back what PostgreSQL holds outside of FOLDER, and deletes FOLDER.

folder=$1
here=${0%/*}
trap '' HUP INT TERM

server=
while read -r line; do server=$line; done
[ -z "$server" ] || sh "$here/process-tree.sh" KILL "$server"

# A killed postmaster leaves a segment of shared memory, named in the 7th line.
segment=$(sed -n '7s/.* //p' "$folder/data/postmaster.pid" 2>/dev/null)
[ -z "$segment" ] || ipcrm -m "$segment" 2>/dev/null

# A process may still be dying and writing.
for attempt in 1 2 3 4 5 6 7 8 9; do
  rm -rf -- "$folder" 2>/dev/null && exit 0
  sleep 0.1
done
exec rm -rf -- "$folder"
