package verifier

// unitsScript tells, in one command, the state of the units that it is given and what they
// run by. It asks `systemctl show`, whose answer is the same for every state, because the
// exit codes of is-active and is-enabled are answers too, which Nodes.Run cannot tell from a
// node out of reach. What follows its answer are lines of
//
//	Process=PID        the main process of a unit, when its arguments could be read
//	File=PATH          what a unit runs by, all links followed: its files, their EnvironmentFiles,
//	                   whatever file the process was given as an argument, and what it reads without
//	Mount=PATH TYPE    a mount of the node; those of containers and pods are left out
const unitsScript = `cd / || exit
shown=$(systemctl show --property=Id,LoadState,ActiveState,SubState,UnitFileState,WantedBy,RequiredBy,UpheldBy,TriggeredBy,MainPID,FragmentPath,DropInPaths,EnvironmentFiles "$@") || exit
printf '%s\n\n' "$shown"
{
  printf '%s\n' "$shown" | sed -nE 's/^(FragmentPath|DropInPaths|EnvironmentFiles)=//p' | tr ' ' '\n' | grep '^/'
  printf '%s\n' /etc/containerd/config.toml /var/lib/kubelet/pki/kubelet-client-current.pem
  for pid in $(printf '%s\n' "$shown" | sed -nE 's/^MainPID=([1-9])/\1/p'); do
    args=$(tr '\000' '\n' <"/proc/$pid/cmdline") && [ -n "$args" ] || continue
    printf '%s\n' "$args" | sed -E "s/^-[^=]*=//; s|^[^/]|/proc/$pid/cwd/&|"
    echo "Process=$pid"
  done
} 2>/dev/null | {
  set --
  while IFS= read -r path; do
    case $path in
      Process=*) echo "$path" ;;
      *) if [ -e "$path" ]; then set -- "$@" "$path"; fi ;;
    esac
  done
  if [ $# -gt 0 ]; then readlink -f -- "$@" | sed 's/^/File=/'; fi
}
sed -nE 's/^([^ ]+ ){4}([^ ]+) .* - ([^ ]+) .*$/Mount=\2 \3/p' /proc/self/mountinfo |
  grep -vE '^Mount=/(proc|sys|run/containerd|run/netns|var/lib/containerd|var/lib/kubelet/pods)/'
exit 0`
