# shellcheck shell=bash disable=SC2154
# What the node and its images take from Debian's packages. Sourced by ../build.

# The node: what kind's own base image has (images/base/Dockerfile of
# sigs.k8s.io/kind), runc, and what a person on a node looks for.
readonly node_packages=systemd,systemd-sysv,dbus,conntrack,iptables,nftables,iproute2,ethtool,util-linux,mount,kmod,libseccomp2,pigz,e2fsprogs,bash,ca-certificates,curl,jq,procps,runc,socat,nano,less,iputils-ping
readonly netfilter_packages=iptables,nftables,conntrack,kmod,busybox-static
readonly postgres_packages=postgresql-15

debian_release() {
  (. /etc/os-release 2>/dev/null && [ "${ID-}" = debian ] && echo "${VERSION_CODENAME-}") || true
}

# Every tree is made aside and gets its name when it is whole; it is made again
# only if its packages change.
debian_packages() {
  has mmdebstrap || install_mmdebstrap
  sources >"$work/sources.list"
  # the machine's own ways to its mirror: proxies, the checks that it leaves out
  apt-config dump Acquire >"$work/apt.conf"
  tree node-base minbase "$node_packages"
  tree netfilter-base extract "$netfilter_packages"
  tree postgres-base extract "$postgres_packages"
  busybox_tree
  netfilter_tree
  postgres_tree
}

install_mmdebstrap() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends mmdebstrap ||
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends mmdebstrap; }
}

# The machine's own entries for its release of Debian, in apt's one-line format;
# a third party's are left out. FIREDRILL_DEBIAN_MIRROR takes their place.
sources() {
  local release
  release=$(debian_release)
  if [ -n "${FIREDRILL_DEBIAN_MIRROR-}" ]; then
    echo "deb $FIREDRILL_DEBIAN_MIRROR $release main"
    return
  fi
  local found
  found=$({ one_line_sources; deb822_sources; } | awk -v release="$release" '
    { for (i = 2; i <= NF && $i !~ /^[a-z+]+:/; i++); suite = $(i + 1) }
    (suite == release || suite ~ "^" release "-(updates|security)$") && / main( |$)/')
  if [ -z "$found" ]; then
    echo "no source for $release main in /etc/apt: set FIREDRILL_DEBIAN_MIRROR" >&2
    return 1
  fi
  echo "$found"
}

one_line_sources() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/[[:space:]]*#.*//; /^deb[[:space:]]/p' || true
}

# deb822 entries have many URIs and suites; a one-line entry has one of each.
deb822_sources() {
  cat_with_gaps /etc/apt/sources.list.d/*.sources | awk '
    function flush(  u, s, i, j, n, m, key) {
      if (field["types"] ~ /(^| )deb( |$)/ && field["enabled"] !~ /no|false/) {
        key = field["signed-by"] ~ /^\// ? " [signed-by=" field["signed-by"] "]" : ""
        n = split(field["uris"], u, " "); m = split(field["suites"], s, " ")
        for (i = 1; i <= n; i++) for (j = 1; j <= m; j++) print "deb" key, u[i], s[j], field["components"]
      }
      split("", field)
    }
    /^#/ { next }
    /^[[:space:]]*$/ { flush(); next }
    /^[[:space:]]/ { sub(/^[[:space:]]+/, ""); field[name] = field[name] " " $0; next }
    { name = tolower($0); sub(/:.*/, "", name); sub(/^[^:]*:[[:space:]]*/, ""); field[name] = $0 }
    END { flush() }'
}

# An empty line between files: it ends an entry.
cat_with_gaps() {
  local file
  for file in "$@"; do
    if [ -f "$file" ]; then cat "$file"; echo; fi
  done
}

# A mount namespace of its own takes mmdebstrap's mounts away with it, however it ends.
tree() { # name variant packages
  local name=$1 variant=$2 packages=$3 stamp
  stamp="$variant $packages $(cat "$work/sources.list")"
  [ "$(cat "$work/$name.stamp" 2>/dev/null)" != "$stamp" ] || return 0
  rm -rf --one-file-system "${work:?}/$name" "$work/$name.stamp" "$work/$name.partial"
  unshare --mount --propagation private mmdebstrap --mode=root --variant="$variant" --include="$packages" \
    --aptopt="$work/apt.conf" --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$(debian_release)" "$work/$name.partial" "$work/sources.list"
  mv "$work/$name.partial" "$work/$name"
  echo "$stamp" >"$work/$name.stamp"
}

# The folders below become layers of images; they are cheap, and made anew each time.

# Debian's busybox crashes on `wget -T`, and its shell runs its own commands whatever
# the search path says. So its wget loses its name (keeping its place in the sorted
# table of names) and cmd/wget, which is /bin/wget in the image, is found instead.
busybox_tree() {
  fresh busybox
  local to=$work/trees/busybox/bin
  mkdir -p "$to"
  LC_ALL=C sed 's/\x00wget\x00/\x00wgeT\x00/' "$work/netfilter-base/bin/busybox" >"$to/busybox"
  chmod 755 "$to/busybox"
  if "$to/busybox" --list | grep -qx wget || ! "$to/busybox" --list | grep -qx whoami; then
    echo "busybox's table of commands is not where it was" >&2
    return 1
  fi
}

# The packet filter's tools with every library that their plugins load, which no
# reading of their own headers would find. Extracted packages have no links that
# their installation would have made.
netfilter_tree() {
  fresh netfilter
  local to=$work/trees/netfilter applet
  cp -a "$work/netfilter-base/." "$to"
  (cd "$to" && rm -rf usr/share var/lib/{apt,dpkg} var/cache dev usr/lib/*/gconv etc/apt)
  cp -a netfilter/. "$to"
  for applet in sh cat grep ls ln mv sed; do ln -s busybox "$to/bin/$applet"; done
  for applet in iptables ip6tables; do
    ln -sf iptables-wrapper "$to/usr/sbin/$applet"
    ln -sf iptables-wrapper "$to/usr/sbin/$applet-save"
    ln -sf iptables-wrapper "$to/usr/sbin/$applet-restore"
  done
  ln -sf ../bin/kmod "$to/sbin/modprobe"
  mkdir -p "$to/run" "$to/tmp" "$to/var/lib"
  printf 'root:x:0:0:root:/root:/bin/sh\n' >"$to/etc/passwd"
}

# The server and its client, without the Perl that manages several servers, and
# without the just-in-time compiler, which is half of it and does nothing for a drill.
postgres_tree() {
  fresh postgres
  local to=$work/trees/postgres lib
  (cd "$work/postgres-base" && cp -a --parents -t "$to" usr/lib/postgresql usr/share/postgresql usr/share/zoneinfo \
    usr/lib/locale/C.utf8 usr/lib/*-linux-gnu*/*.so* lib)
  [ ! -e "$work/postgres-base/lib64" ] || cp -a "$work/postgres-base/lib64" "$to/"
  rm -f "$to"/usr/lib/*/lib{LLVM,z3,perl}*
  lib=$(echo "$to"/usr/lib/postgresql/*/lib)
  rm -rf "${lib:?}"/bitcode "$lib"/pgxs "$lib"/llvmjit*
  # the official image listens on every address too
  sed -i "s/^#\?listen_addresses = .*/listen_addresses = '*'/" "$to"/usr/share/postgresql/*/postgresql.conf.sample
  cp -a postgres/. "$to"
}

fresh() { # name
  rm -rf "${work:?}/trees/$1"
  mkdir -p "$work/trees/$1"
}
