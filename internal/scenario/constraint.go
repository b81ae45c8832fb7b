package scenario

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Forms that a format tag may name, with the pattern that the JSON Schema uses too.
const (
	formatDNSLabel = "dns-label"
	formatVariable = "variable-name"
	formatFile     = "file"   // in kinds' parameters: a file of the scenario's folder
	formatStream   = "stream" // in kinds' parameters: a stream under spec.traffic

	patternDNSLabel = `^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`
	patternVariable = `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`
)

// patternOf returns the pattern of a form, and its description for messages.
func patternOf(format string) (pattern, description string) {
	switch format {
	case formatDNSLabel:
		return patternDNSLabel, "a DNS label: up to 63 lower-case letters, digits and dashes, a letter first"
	case formatVariable:
		return patternVariable, "a variable's name: lower-case letters, digits and single dashes, a letter first"
	}
	return "", ""
}

// rules holds a decoded value against its field's tags.
func (d *decoder) rules(f field, path string, at position, v reflect.Value) {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case f.required && empty(v):
		d.problem(at, "%s must not be empty", path)
		return
	case f.required && v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		d.emptyItems(path, at, v)
	}
	if v.Kind() == reflect.String && v.Len() > 0 {
		d.textRules(f, path, at, v.String())
	}
	if !within(f.min, f.max, v) {
		d.problem(at, "%s must be %s, not %s", path, boundsText(f, v), sizeText(v))
	}
}

func (d *decoder) textRules(f field, path string, at position, text string) {
	if len(f.enum) > 0 && !slices.Contains(f.enum, text) {
		hint := ""
		if name := Suggest(text, f.enum); name != "" {
			hint = fmt.Sprintf(" (did you mean %q?)", name)
		}
		d.problem(at, "%s: %q is not one of %s%s", path, text, strings.Join(f.enum, ", "), hint)
	}
	if pattern, description := patternOf(f.format); pattern != "" && !regexp.MustCompile(pattern).MatchString(text) {
		d.problem(at, "%s: %q is not %s", path, text, description)
	}
	if d.folder == nil {
		return
	}
	switch {
	case f.format == formatFile && !d.folder.has(text):
		d.problem(at, "%s: there is no file %q in the scenario's folder", path, text)
	case f.format == formatStream && !slices.Contains(d.folder.streams(), text):
		d.problem(at, "%s: there is no stream %q under spec.traffic%s", path, text, didYouMean(text, d.folder.streams()))
	}
}

func (d *decoder) emptyItems(path string, at position, list reflect.Value) {
	for i := range list.Len() {
		if empty(list.Index(i)) {
			d.problem(at, "%s[%d] must not be empty", path, i)
		}
	}
}

func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return strings.TrimSpace(v.String()) == ""
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return false
}

// within says whether a number, a duration or a list's length lies between the
// bounds, as far as there are any.
func within(low, high string, v reflect.Value) bool {
	return (low == "" || compare(v, low) >= 0) && (high == "" || compare(v, high) <= 0)
}

func compare(v reflect.Value, bound string) int {
	if d, ok := durationOf(v); ok {
		limit, err := time.ParseDuration(bound)
		if err != nil {
			return 0 // a bound that is no duration bounds nothing; TestTags finds it
		}
		return cmp.Compare(d, limit)
	}
	limit, err := strconv.ParseFloat(bound, 64)
	if err != nil {
		return 0
	}
	return cmp.Compare(size(v), limit)
}

func size(v reflect.Value) float64 {
	switch {
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Map, v.Kind() == reflect.String:
		return float64(v.Len())
	}
	return 0
}

func durationOf(v reflect.Value) (time.Duration, bool) {
	if v.Type() == reflect.TypeFor[Duration]() || v.Type() == reflect.TypeFor[time.Duration]() {
		return time.Duration(v.Int()), true
	}
	return 0, false
}

func boundsText(f field, v reflect.Value) string {
	unit := ""
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		unit = " items"
	case reflect.String:
		unit = " characters"
	}
	switch {
	case f.min == "":
		return "at most " + f.max + unit
	case f.max == "":
		return "at least " + f.min + unit
	}
	return f.min + " to " + f.max + unit
}

func sizeText(v reflect.Value) string {
	if d, ok := durationOf(v); ok {
		return Duration(d).String()
	}
	return strconv.FormatFloat(size(v), 'g', -1, 64)
}
