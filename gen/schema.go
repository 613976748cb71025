package gen

import (
	"reflect"
	"strings"
)

// Schema is the JSON Schema of manifest.json, made of the types that it is written from.
func Schema() ([]byte, error) {
	s := &schema{defs: map[string]any{}}
	root := s.object(reflect.TypeFor[Manifest]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "manifest.json of luagen"
	root["$defs"] = s.defs
	members := root["properties"].(map[string]any)
	members["schema"] = map[string]any{"const": manifestSchema}
	return marshal(root)
}

// schema gathers the definitions of the structs that it meets.
type schema struct{ defs map[string]any }

func (s *schema) of(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case reflect.Struct:
		if _, known := s.defs[t.Name()]; !known {
			s.defs[t.Name()] = true // under way, for a type that has itself in it
			s.defs[t.Name()] = s.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	}
	return map[string]any{} // an interface: anything
}

// object is a struct: what it may leave out is not required, and it has no other members.
func (s *schema) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for f := range fieldsOf(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		property := s.of(f.Type)
		if values := schemaEnums[t.Name()+"."+name]; values != nil {
			property["enum"] = values
		}
		properties[name] = property
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	return map[string]any{
		"type": "object", "properties": properties, "required": required, "additionalProperties": false,
	}
}

// fieldsOf yields the members of a struct in JSON, those of embedded ones among them.
func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if f.IsExported() && !f.Anonymous && !yield(f) {
				return
			}
		}
	}
}

// schemaEnums are the members that have one of some values.
var schemaEnums = map[string][]string{
	"Key.type": {"string", "counter", "hash", "list", "set", "zset", "stream"},
	"Arg.type": {TypeString, TypeInteger, TypeEnum},
	"Arg.unit": {UnitMillis, UnitBytes},
	"Field.type": {
		TypeString, TypeInteger, TypeFloat, TypeBoolean, TypeStrings, TypeMap, TypeList,
	},
	"Field.unit":            {UnitMillis},
	"ManifestScript.repeat": {"safe", "unsafe"},
}
