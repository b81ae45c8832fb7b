# Serves the files of a rotating log, to one reader, in the control-plane node.
# $1 is the folder, $2 a pattern of file names. Requests come on stdin, a line each;
# the end of stdin ends the loop, so a reader that dies leaves no process behind.
#
#   L                           lists the files:   "F inode size name" lines, then "."
#   R inode offset length name  reads from a file: "D length", then that many bytes
#                               or "N" when the name is no longer that file, or shorter
#
# The file is opened before its inode is compared, so a rotation between the two
# requests cannot make bytes of another file pass for this one's.
cd "$1" || exit 1
serve() {
  # shellcheck disable=SC2046
  set -- $(stat -L -c '%i %s' /proc/self/fd/3) "$@"
  # now: $1 inode and $2 size of the open file; $3 inode, $4 offset, $5 length wanted
  [ "$1" = "$3" ] && [ "$(($4 + $5))" -le "$2" ] || return 1
  echo "D $5"
  dd bs=65536 iflag=skip_bytes,count_bytes skip="$4" count="$5" status=none <&3
}
while read -r request inode offset length name; do
  case $request in
  L)
    # shellcheck disable=SC2086
    stat -c 'F %i %s %n' $2 2>/dev/null
    echo .
    ;;
  R) { serve "$inode" "$offset" "$length" 3<"$name"; } 2>/dev/null || echo N ;;
  esac
done
