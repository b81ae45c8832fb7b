package injectors_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/firedrill/firedrill/injectors"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	var names []string
	for _, kind := range injectors.Registry() {
		names = append(names, kind.Name)
		if kind.Doc == "" {
			t.Errorf("%s has no description", kind.Name)
		}
		params := reflect.TypeOf(kind.New())
		if params.Kind() != reflect.Pointer || params.Elem().Kind() != reflect.Struct {
			t.Fatalf("%s: New returns %s, want a pointer to a struct", kind.Name, params)
		}
		if kind.New() == kind.New() {
			t.Errorf("%s: New returns the same parameters twice", kind.Name)
		}
		for i := range params.Elem().NumField() {
			field := params.Elem().Field(i)
			if field.Tag.Get("yaml") == "" || !strings.HasSuffix(field.Tag.Get("doc"), ".") {
				t.Errorf("%s.%s lacks a yaml name or a description that is a sentence", kind.Name, field.Name)
			}
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("kinds are not sorted: %v", names)
	}
}
