// Package scenarios holds the drills that come with firedrill, one folder each.
package scenarios

import (
	"embed"
	"io/fs"
)

//go:embed */*
var folders embed.FS

// FS returns the scenarios' folders, read-only.
func FS() fs.FS { return folders }

// Names lists the scenarios in the order of their names: a scenario is a folder that
// holds a scenario.yaml.
func Names() ([]string, error) {
	found, err := fs.Glob(folders, "*/scenario.yaml")
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(found))
	for _, file := range found {
		names = append(names, file[:len(file)-len("/scenario.yaml")])
	}
	return names, nil
}
