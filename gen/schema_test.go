package gen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSchema: schema.json is what Schema gives, and every manifest of the goldens and the project's own follow it.
func TestSchema(t *testing.T) {
	t.Parallel()
	got, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		writeFiles(t, ".", map[string][]byte{"manifest.schema.json": got})
	}
	if old, err := os.ReadFile("manifest.schema.json"); err != nil || !bytes.Equal(old, got) {
		t.Errorf("manifest.schema.json is not up to date (%v): go test ./gen -run TestSchema -update", err)
	}
	var schema map[string]any
	if err := json.Unmarshal(got, &schema); err != nil {
		t.Fatal(err)
	}
	manifests, err := filepath.Glob("testdata/*/want/lua/dist/manifest.json")
	if err != nil || len(manifests) < 5 {
		t.Fatalf("%d manifests: %v", len(manifests), err)
	}
	for _, file := range append(manifests, "../lua/dist/manifest.json") {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var manifest map[string]any
		if err := json.Unmarshal(b, &manifest); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range follow(schema, schema, manifest, file) {
			t.Error(wrong)
		}
		manifest["surplus"] = true
		delete(manifest, "scripts")
		if wrong := follow(schema, schema, manifest, file); len(wrong) != 2 {
			t.Errorf("%s: a manifest without scripts and with a surplus member: %v", file, wrong)
		}
	}
}

// follow checks a value against the part of JSON Schema that Schema uses.
func follow(root, schema map[string]any, value any, at string) (wrong []string) {
	if ref, ok := schema["$ref"].(string); ok {
		schema = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	say := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	if c, ok := schema["const"]; ok && c != value {
		say("%v is not %v", value, c)
	}
	if values, ok := schema["enum"].([]any); ok && !slices.Contains(values, value) {
		say("%v is none of %v", value, values)
	}
	switch schema["type"] {
	case "object":
		members, _ := value.(map[string]any)
		for _, name := range schema["required"].([]any) {
			if _, ok := members[name.(string)]; !ok {
				say("no %s", name)
			}
		}
		for name, member := range members {
			property, ok := schema["properties"].(map[string]any)[name].(map[string]any)
			if !ok {
				say("a member %s", name)
				continue
			}
			wrong = append(wrong, follow(root, property, member, at+"."+name)...)
		}
	case "array":
		list, ok := value.([]any)
		if !ok {
			say("%v is no array", value)
		}
		for i, element := range list {
			wrong = append(wrong, follow(root, schema["items"].(map[string]any), element, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case "string":
		if _, ok := value.(string); !ok {
			say("%v is no string", value)
		}
	case "integer":
		if n, ok := value.(float64); !ok || n != float64(int64(n)) {
			say("%v is no integer", value)
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			say("%v is no boolean", value)
		}
	}
	return wrong
}

// TestEvalshaRO: by that option, and only by it, bindings of read-only scripts are sent by EVALSHA_RO.
func TestEvalshaRO(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		o := optionsFor(filepath.Join("testdata", "lists"))
		o.GoEvalshaRO = on
		files, err := Render(o)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]bool{"inspect.go": on, "release.go": false} {
			if got := bytes.Contains(files["sdk/scripts/poolv1/"+name], []byte("ByRO: true")); got != want {
				t.Errorf("option %v: %s has ByRO %v", on, name, got)
			}
		}
	}
}
