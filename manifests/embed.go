// Package manifests holds the YAML that firedrill applies or hands to kind, embedded
// so that the binary needs no files beside it.
package manifests

import (
	"embed"
	"fmt"
)

// FS holds kind/ (patches of kubeadm's configuration, Go templates), audit/ (the API
// server's audit policy) and addons/ (services that every cluster gets).
//
//go:embed kind audit addons
var FS embed.FS

// AuditPolicy is the API server's audit policy.
func AuditPolicy() ([]byte, error) {
	data, err := FS.ReadFile("audit/policy.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the embedded audit policy: %w", err)
	}
	return data, nil
}

// Addons are the services that every cluster gets beside kind's own, by the file's name.
func Addons() (map[string][]byte, error) {
	entries, err := FS.ReadDir("addons")
	if err != nil {
		return nil, fmt.Errorf("read the embedded addons: %w", err)
	}
	addons := map[string][]byte{}
	for _, entry := range entries {
		data, err := FS.ReadFile("addons/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read the embedded addons: %w", err)
		}
		addons[entry.Name()] = data
	}
	return addons, nil
}
