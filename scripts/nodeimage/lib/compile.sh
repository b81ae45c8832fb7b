# shellcheck shell=bash disable=SC2154
# Compiles everything that the node and its images run. Sourced by ../build.

# One set of flags for all: the programs share most of their packages, and with
# them Go's build cache compiles each package once. No cgo: the binaries run in
# images without a C library. The tags leave out file systems that need one. Nobody
# debugs these binaries: without DWARF data a compile takes 8 to 20 % less CPU.
go_build() { # link-flags packages...
  local flags=$1
  shift
  go build -v -trimpath -buildvcs=false -gcflags=all=-dwarf=false -tags "no_btrfs no_devmapper no_zfs no_aufs" \
    -ldflags "$flags" -o "$work/bin/" "$@"
}

# What `kubectl version`, `kubectl get nodes` and the like tell.
link_flags() {
  local kubernetes minor containerd flags="-s -w" package
  kubernetes=$(kubernetes_version)
  minor=${kubernetes#v1.}
  containerd=$(sed -n 's#^\tgithub.com/containerd/containerd/v2 ##p' go.mod)
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
    flags+=" -X $package.gitTreeState=clean"
  done
  echo "$flags -X github.com/containerd/containerd/v2/version.Version=$containerd"
}

# The garbage collector's work is a sixth of a compile's; with memory to spare it
# is left undone.
go_environment() {
  export CGO_ENABLED=0 GOOS=linux GOWORK=off GOFLAGS=-mod=readonly
  if [ "$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)" -ge 8 ]; then export GOGC=400; fi
}

# The packages that tools.go names, without kind: only its files are wanted. Go
# grumbles at imports of main packages (-e), as nothing could compile them so.
tools() { # folder
  (cd "$1" && go list -e -tags tools -f '{{join .Imports "\n"}}' . | grep -v '^sigs.k8s.io/kind$')
}

# Fetches what is not in the module cache, and counts the packages to come.
modules() {
  go_environment
  local ours names
  names=$(tools .)
  # shellcheck disable=SC2086 # package names, one a word
  ours=$(go list -deps ./cmd/... $names)
  wc -l <<<"$ours" >"$work/packages"
  names=$(tools provisioner)
  (cd provisioner && go list -deps "$names" >/dev/null)
}

compile() {
  go_environment
  local names flags
  flags=$(link_flags) # here: the other module's go.mod does not tell
  mkdir -p "$work/bin"
  names=$(tools .)
  # shellcheck disable=SC2086 # package names, one a word
  go_build "$flags" ./cmd/... $names
  names=$(tools provisioner)
  (cd provisioner && go_build "$flags" "$names")
}

# `go build -v` names a package as it begins with it; those in the cache it does not.
compile_progress() {
  printf ' (%d of at most %d packages)' "$(grep -c / "$(step_log compile)")" "$(cat "$work/packages")"
}
