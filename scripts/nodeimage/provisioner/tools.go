//go:build tools

// Package provisioner pins the local-path-provisioner. It imports logrus under
// its old, capitalised path, which Go refuses beside today's in one build, so it
// has a module of its own; with the same versions of everything else as its
// parent, so that little is left to compile.
package provisioner

import _ "github.com/rancher/local-path-provisioner"
