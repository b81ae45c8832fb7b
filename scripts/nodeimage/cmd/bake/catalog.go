package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"k8s.io/kubernetes/cmd/kubeadm/app/constants"
)

// inputs is where the parts of the images lie.
type inputs struct {
	bin        string
	trees      string
	kubernetes string
}

const (
	nobody   = "65534"
	pathEnv  = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	registry = "docker.io/library/"
	core     = "registry.k8s.io/"

	passwd = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
	group  = "root:x:0:\nnobody:x:65534:\n"
)

// catalog lists the images of the node under the names that manifests use, so that
// the same manifests work where a registry can be reached and where none can. The
// versions of kubeadm's images are kubeadm's own constants.
func catalog(from inputs) ([]image, error) {
	shell, err := busybox(from)
	if err != nil {
		return nil, err
	}
	netfilter := layer{"netfilter", []part{tree(filepath.Join(from.trees, "netfilter"))}}
	images := []image{
		from.static(core+"pause:"+constants.PauseVersion, "pause", ocispec.ImageConfig{Entrypoint: []string{"/usr/local/bin/pause"}}),
		from.static(core+"etcd:"+constants.DefaultEtcdVersion, "etcd", ocispec.ImageConfig{}),
		from.static(core+"coredns/coredns:"+constants.CoreDNSVersion, "coredns", ocispec.ImageConfig{Entrypoint: []string{"/usr/local/bin/coredns"}}),
		from.static(core+"metrics-server/metrics-server:v0.9.0", "metrics-server", ocispec.ImageConfig{User: nobody, Entrypoint: []string{"/metrics-server"}}),
		{
			names:  []string{core + "kube-proxy:" + from.kubernetes},
			layers: []layer{netfilter, from.command("kube-proxy")},
			config: ocispec.ImageConfig{Env: []string{pathEnv}},
		},
		{
			names:  []string{"docker.io/firedrill/nodecni:local"},
			layers: []layer{netfilter, from.command("nodecni")},
			config: ocispec.ImageConfig{Env: []string{pathEnv}, Entrypoint: []string{"/usr/local/bin/nodecni"}},
		},
		{
			names:  []string{registry + "busybox:1.37", registry + "busybox:latest"},
			layers: []layer{shell},
			config: ocispec.ImageConfig{Env: []string{pathEnv}, Cmd: []string{"sh"}},
		},
		{
			names:  []string{"docker.io/rancher/local-path-provisioner:v0.0.30"},
			layers: []layer{shell, from.command("local-path-provisioner")},
			config: ocispec.ImageConfig{Env: []string{pathEnv}, Entrypoint: []string{"local-path-provisioner"}},
		},
		from.distribution(shell),
		from.postgres(shell),
	}
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		images = append(images, from.static(core+name+":"+from.kubernetes, name, ocispec.ImageConfig{}))
	}
	return images, nil
}

// command is a layer with one binary of ours on the search path.
func (from inputs) command(name string) layer {
	return layer{name, []part{binary(filepath.Join(from.bin, name), "/usr/local/bin/"+name)}}
}

// static is an image of one binary and nothing else.
func (from inputs) static(name, command string, config ocispec.ImageConfig) image {
	config.Env = []string{pathEnv}
	bottom := layer{"static", append(accounts(), folder("/tmp", 0o1777, 0))}
	program := from.command(command)
	if command == "metrics-server" { // its own image has it at the root, and manifests say so
		program.parts = append(program.parts, link("/metrics-server", "/usr/local/bin/metrics-server"))
	}
	return image{names: []string{name}, layers: []layer{bottom, program}, config: config}
}

// accounts are the users that an image's processes may run as.
func accounts() []part {
	return []part{
		text("/etc/passwd", 0o644, passwd),
		text("/etc/group", 0o644, group),
	}
}

// busybox is a shell and its usual commands, from Debian's busybox-static.
func busybox(from inputs) (layer, error) {
	program := filepath.Join(from.trees, "busybox", "bin", "busybox")
	applets, err := exec.Command(program, "--list").Output()
	if err != nil {
		return layer{}, err
	}
	parts := append(accounts(), folder("/tmp", 0o1777, 0), folder("/root", 0o700, 0), binary(program, "/bin/busybox"))
	for applet := range strings.FieldsSeq(string(applets)) {
		if applet != "busybox" {
			parts = append(parts, link("/bin/"+applet, "busybox"))
		}
	}
	return layer{"busybox", append(parts, binary(filepath.Join(from.bin, "wget"), "/bin/wget"))}, nil
}

// distribution is the CNCF registry with the entry point and the configuration of
// the official image (distribution/distribution-library-image).
func (from inputs) distribution(shell layer) image {
	return image{
		names: []string{registry + "registry:3", registry + "registry:3.1.2"},
		layers: []layer{shell, {"registry", []part{
			binary(filepath.Join(from.bin, "registry"), "/bin/registry"),
			text("/entrypoint.sh", 0o755, registryEntrypoint),
			text("/etc/distribution/config.yml", 0o644, registryConfig),
		}}},
		config: ocispec.ImageConfig{
			// without it the registry looks for a collector of traces
			Env:          []string{pathEnv, "OTEL_TRACES_EXPORTER=none"},
			Entrypoint:   []string{"/entrypoint.sh"},
			Cmd:          []string{"/etc/distribution/config.yml"},
			ExposedPorts: map[string]struct{}{"5000/tcp": {}},
			Volumes:      map[string]struct{}{"/var/lib/registry": {}},
		},
	}
}

// postgres is Debian's PostgreSQL behind the official image's variables.
func (from inputs) postgres(shell layer) image {
	const owner = 999 // the official image's user: volumes and securityContexts name it
	return image{
		names: []string{registry + "postgres:15"},
		layers: []layer{shell, {"postgres", []part{
			tree(filepath.Join(from.trees, "postgres")),
			text("/etc/passwd", 0o644, passwd+fmt.Sprintf("postgres:x:%d:%[1]d::/var/lib/postgresql:/bin/sh\n", owner)),
			text("/etc/group", 0o644, group+fmt.Sprintf("postgres:x:%d:\n", owner)),
			folder("/var/lib/postgresql", 0o755, owner),
			folder("/var/lib/postgresql/data", 0o777, owner),
			folder("/var/run/postgresql", 0o3777, owner),
			folder("/docker-entrypoint-initdb.d", 0o755, 0),
		}}},
		config: ocispec.ImageConfig{
			Env: []string{
				"PATH=/usr/lib/postgresql/15/bin:" + strings.TrimPrefix(pathEnv, "PATH="),
				"LANG=C.UTF-8", "PG_MAJOR=15", "PGDATA=/var/lib/postgresql/data",
			},
			Entrypoint:   []string{"docker-entrypoint.sh"},
			Cmd:          []string{"postgres"},
			StopSignal:   "SIGINT", // a fast shutdown: SIGTERM would wait for every client
			ExposedPorts: map[string]struct{}{"5432/tcp": {}},
			Volumes:      map[string]struct{}{"/var/lib/postgresql/data": {}},
		},
	}
}

const registryEntrypoint = `#!/bin/sh
set -e
case "$1" in
*.yaml | *.yml) set -- registry serve "$@" ;;
serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
`

const registryConfig = `version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`
