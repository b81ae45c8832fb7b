package audit

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// value is an element as encoding/json has it.
func (n *element) value() any {
	switch {
	case n.is('{'):
		object := map[string]any{}
		for child := n.first; child != nil; child = child.next {
			object[string(child.key)] = child.value()
		}
		return object
	case n.is('['):
		list := []any{}
		for child := n.first; child != nil; child = child.next {
			list = append(list, child.value())
		}
		return list
	case n.is('"'):
		return n.string()
	case n.is('0'):
		number, err := strconv.ParseFloat(string(n.text), 64)
		if err != nil {
			return err
		}
		return number
	case n.null():
		return nil
	}
	return n.is('t')
}

// FuzzBody: a body is read as encoding/json reads it, or not at all.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"b":1,"a":{"x":[null,true,false,-1.5e3,"\u0026\u00e9\n"]},"b":2}`, `[{"op":"add","path":"/a"}]`, `"ü"`, ` null `, "12345678901234567890", "1e999", "-0", "007",
		`{"a":1,}`, `[1 2]`, `{"a" 1}`, `{`, `[`, `"`, `tru`, `truefalse`, `{"a":"\ud800"}`, `{"\u0061":1,"a":2}`, "\"\x01\"", `[]x`, ``, `{"a":[]}`, `1.`, `"\x"`, "[\"\xff\"]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want any
		err := json.Unmarshal(data, &want)
		got := new(tree).read(data)
		if (got != nil) != (err == nil) {
			t.Fatalf("read %q: %v, want %v", data, got, err)
		}
		if got == nil {
			return
		}
		if diff := cmp.Diff(want, got.value()); diff != "" {
			t.Errorf("%q (-json +tree):\n%s", data, diff)
		}
	})
}
