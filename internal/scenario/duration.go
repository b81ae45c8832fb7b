package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// UnmarshalYAML reads a duration written with a unit: 90s, 15m, 1h30m.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	text, ok := textOf(node)
	if !ok {
		return fmt.Errorf("%s is no duration: write it with a unit, for example 90s or 15m", describe(node))
	}
	return d.UnmarshalText([]byte(text))
}

// UnmarshalText reads a duration written with a unit. Negative ones are refused.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return fmt.Errorf("bad duration %q: write it with a unit, for example 90s or 15m", text)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalText writes the duration as String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String writes the duration without units that are zero: 15m, not 15m0s.
func (d Duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
