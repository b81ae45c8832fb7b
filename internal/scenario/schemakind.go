package scenario

import "reflect"

// conditions binds a struct's `with:` to its `type:`, for the structs that name a kind.
func (s *schema) conditions(t reflect.Type, into object) {
	what, kinds := kindsOf(t, s.kinds)
	if what == "" {
		return
	}
	properties, ok := into["properties"].(object)
	if !ok {
		return
	}
	names, cases := kindNames(kinds), []object{}
	properties["type"] = object{"enum": names, "description": docOf(t, "type")}
	for _, kind := range kinds {
		def := what + "." + kind.Name
		params := reflect.TypeOf(kind.Params).Elem()
		with := s.structure(params)
		with["description"] = kind.Doc
		s.defs[def] = with
		then := object{"properties": object{"with": object{"$ref": "#/$defs/" + def}}}
		if _, needed := with["required"]; needed {
			then["required"] = []string{"with"}
		}
		cases = append(cases, object{
			"if":   object{"properties": object{"type": object{"const": kind.Name}}, "required": []string{"type"}},
			"then": then,
		})
	}
	if len(cases) > 0 {
		into["allOf"] = cases
	}
}

// kindsOf says which kinds a struct of the scenario may name.
func kindsOf(t reflect.Type, kinds Kinds) (what string, known []KindDoc) {
	switch t {
	case reflect.TypeFor[Check](), reflect.TypeFor[Safeguard]():
		return "check", kinds.Checks
	case reflect.TypeFor[Fault]():
		return "fault", kinds.Faults
	case reflect.TypeFor[Perturb]():
		return "perturb", kinds.Perturbs
	}
	return "", nil
}

func docOf(t reflect.Type, name string) string {
	for _, f := range fieldsOf(t) {
		if f.name == name {
			return f.doc
		}
	}
	return ""
}
