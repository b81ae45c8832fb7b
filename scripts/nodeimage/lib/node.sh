# shellcheck shell=bash disable=SC2154
# Puts the node image together from the binaries and the trees. Sourced by ../build.

bake_images() { # kubernetes-version
  rm -rf "$work/containerd.partial"
  "$work/bin/bake" images -bin "$work/bin" -trees "$work/trees" -kubernetes "$1" -root "$work/containerd.partial"
  rm -rf "$work/containerd"
  mv "$work/containerd.partial" "$work/containerd"
}

# The node's files, as kind's Dockerfile lays them out. kind's own lie in its Go
# module, at the version that this module asks for.
node_root() { # kubernetes-version
  local root=$work/node.partial kind
  go mod download sigs.k8s.io/kind
  kind=$(go list -m -f '{{.Dir}}' sigs.k8s.io/kind)/images/base/files
  rm -rf --one-file-system "$root"
  cp -a "$work/node-base" "$root"
  cp -r --no-preserve=mode "$kind/." "$root/"
  chmod 755 "$root"/usr/local/bin/* "$root"/kind/bin/*
  cp -r --no-preserve=mode rootfs/. "$root/"
  echo "$1" >"$root/kind/version"
  install_binaries "$root"
  configure_containerd "$root"
  configure_systemd "$root"
  rm -rf --one-file-system "$work/node"
  mv "$root" "$work/node"
}

install_binaries() { # root
  install -m 755 "$work"/bin/{containerd,containerd-shim-runc-v2,crictl,ctr} "$1/usr/local/bin/"
  install -m 755 "$work"/bin/{kubeadm,kubelet,kubectl} "$1/usr/bin/"
  mkdir -p "$1/opt/cni/bin" "$1/etc/kubernetes/manifests"
  install -m 755 "$work"/bin/{ptp,loopback,host-local,portmap} "$1/opt/cni/bin/"
}

configure_containerd() { # root
  local config=$1/etc/containerd/config.toml pause
  # the pause image that this kubeadm asks for, and so the one that is baked in
  pause=$("$work/bin/kubeadm" config images list --kubernetes-version "$(cat "$1/kind/version")" | grep /pause:)
  sed -i "s#^\( *sandbox_image = \).*#\1\"$pause\"#" "$config"
  # a sandbox without CAP_SYS_RESOURCE may not lower an OOM score, and no pod would start
  sed -i 's/^\( *restrict_oom_score_adj = \).*/\1true/' "$config"
  if ! grep -q "\"$pause\"" "$config" || ! grep -q 'restrict_oom_score_adj = true' "$config"; then
    echo "kind's containerd configuration has changed: see $config" >&2
    return 1
  fi
  # without kind's hook, by which each container has a product name of its own: it costs six
  # processes a container, and nothing asks for that name
  "$work/bin/ctr" oci spec | chroot "$1" jq 'del(.process.rlimits)' >"$1/etc/containerd/cri-base.json"
}

# A node's systemd starts the kubelet and containerd, and little else.
configure_systemd() { # root
  rm -f "$1"/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service \
    "$1"/lib/systemd/system/multi-user.target.wants/* "$1"/etc/systemd/system/*.wants/* \
    "$1"/lib/systemd/system/local-fs.target.wants/* "$1"/lib/systemd/system/sockets.target.wants/*udev* \
    "$1"/lib/systemd/system/sockets.target.wants/*initctl* "$1"/lib/systemd/system/basic.target.wants/*
  # the kernel's messages are the whole machine's
  echo ReadKMsg=no >>"$1/etc/systemd/journald.conf"
  chroot "$1" systemctl enable kubelet.service containerd.service undo-mount-hacks.service
  # binfmt_misc is the whole machine's as well
  chroot "$1" systemctl mask systemd-binfmt.service
}

load_node() { # image kubernetes-version
  rm -rf "$work/node/var/lib/containerd"
  mkdir -p "$work/node/var/lib"
  cp -a "$work/containerd" "$work/node/var/lib/containerd"
  "$work/bin/bake" node -root "$work/node" -temp "$work" -tag "$1" \
    -label "dev.firedrill.node=${1##*-}" -label "dev.firedrill.kubernetes=$2" | "$engine" load
}
