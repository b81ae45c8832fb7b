// Package manifests holds the YAML that firedrill applies or hands to kind, embedded
// so that the binary needs no files beside it.
package manifests

import (
	"embed"
	"fmt"
)

// FS holds kind/ (patches of kubeadm's configuration, Go templates) and audit/ (the
// API server's audit policy).
//
//go:embed kind audit
var FS embed.FS

// AuditPolicy is the API server's audit policy.
func AuditPolicy() ([]byte, error) {
	data, err := FS.ReadFile("audit/policy.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the embedded audit policy: %w", err)
	}
	return data, nil
}
