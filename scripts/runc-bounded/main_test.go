//go:build linux

package main

import (
	"encoding/json"
	"reflect"
	"testing"
)

// sandbox lacks CAP_SYS_RESOURCE (bit 24) and may open 20000 files.
func sandbox() bounds {
	return bounds{
		caps: 0x1ff_feff_ffff,
		hardLimit: func(resource int) (uint64, bool) {
			return 20000, resource == 7 // RLIMIT_NOFILE
		},
	}
}

func whole() bounds {
	b := sandbox()
	b.caps |= 1 << 24
	return b
}

func TestTrimSpec(t *testing.T) {
	t.Parallel()
	const process = `{"capabilities":{"bounding":["CAP_KILL","CAP_SYS_RESOURCE","CAP_NEW_ONE"],"effective":null},` +
		`"rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":100}],"oomScoreAdj":-999,"x":1.50}`
	const trimmed = `{"capabilities":{"bounding":["CAP_KILL","CAP_NEW_ONE"],"effective":null},` +
		`"rlimits":[{"type":"RLIMIT_NOFILE","hard":20000,"soft":100}],"oomScoreAdj":0,"x":1.50}`
	tests := map[string]struct {
		kind     specKind
		own      bounds
		in, want string
	}{
		"an exec's process":        {processSpec, sandbox(), process, trimmed},
		"a bundle":                 {bundleSpec, sandbox(), `{"process":` + process + `,"y":2}`, `{"process":` + trimmed + `,"y":2}`},
		"a bundle with no process": {bundleSpec, sandbox(), `{"y":2}`, `{"y":2}`},
		"nothing is lacking":       {processSpec, whole(), process, process},
		"a limit nobody knows": {
			processSpec, sandbox(),
			`{"rlimits":[{"type":"RLIMIT_ODD","hard":7,"soft":7}]}`, `{"rlimits":[{"type":"RLIMIT_ODD","hard":7,"soft":7}]}`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := trimSpec([]byte(tc.in), tc.kind, tc.own)
			if err != nil {
				t.Fatal(err)
			}
			if !sameJSON(t, got, []byte(tc.want)) {
				t.Errorf("trimSpec:\n got %s\nwant %s", got, tc.want)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	for data, into := range map[*[]byte]*any{&a: &x, &b: &y} {
		if err := json.Unmarshal(*data, into); err != nil {
			t.Fatalf("%s: %v", *data, err)
		}
	}
	return reflect.DeepEqual(x, y)
}

func TestSpecFile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		file string
		kind specKind
	}{
		{"the shim's create", []string{"--root", "/r", "--log", "/l", "--log-format", "json", "create", "--bundle", "/b", "--pid-file", "/p", "id"}, "/b/config.json", bundleSpec},
		{"the shim's exec", []string{"--root=/r", "--systemd-cgroup", "exec", "--process", "/p.json", "--detach", "id"}, "/p.json", processSpec},
		{"short options", []string{"run", "-b", "/b", "id"}, "/b/config.json", bundleSpec},
		{"a joined value", []string{"create", "--bundle=/b", "id"}, "/b/config.json", bundleSpec},
		{"the folder we are in", []string{"run", "id"}, "./config.json", bundleSpec},
		{"exec of a plain command", []string{"exec", "id", "true"}, "", notSpec},
		{"another verb", []string{"--root", "create", "kill", "id", "9"}, "", notSpec},
		{"none", []string{"--version"}, "", notSpec},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file, kind := specFile(tc.args)
			if file != tc.file || kind != tc.kind {
				t.Errorf("specFile(%q) = %q, %d, want %q, %d", tc.args, file, kind, tc.file, tc.kind)
			}
		})
	}
}
