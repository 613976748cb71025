package gen

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// manifestSchema grows when a reader of an older manifest.json would misread a newer one.
const manifestSchema = 1

// Manifest is the JSON form of a folder of scripts, for tools in any language.
type Manifest struct {
	Schema     int                 `json:"schema"`
	Primitives []ManifestPrimitive `json:"primitives"`
	Scripts    []ManifestScript    `json:"scripts"`
}

// ManifestPrimitive is all the scripts of one version of a primitive, taken together.
type ManifestPrimitive struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	ACL     string `json:"acl"`
	// ACLReadOnly is enough for a user who only calls the scripts that are read-only, by EVALSHA_RO. Empty: there are none.
	ACLReadOnly string `json:"acl_readonly,omitempty"`
}

// ManifestScript is one script. ACL is the rule that a user needs to call it: {prefix} stands for what the caller's
// names begin with. That of a read-only script is for EVALSHA_RO: EVALSHA wants the right to write its keys.
type ManifestScript struct {
	Name      string      `json:"name"`
	Version   int         `json:"version"`
	File      string      `json:"file"` // beside the manifest
	SHA1      string      `json:"sha1"`
	Doc       string      `json:"doc"`
	Keys      []Key       `json:"keys"`
	Args      []Arg       `json:"args"`
	Requires  []Require   `json:"requires,omitempty"`
	Publishes []Publish   `json:"publishes,omitempty"`
	Replies   []Reply     `json:"replies"`
	Return    *Return     `json:"return,omitempty"` // in place of replies: an answer without a tag
	Errors    []ErrorCode `json:"errors"`
	Examples  []Example   `json:"examples,omitempty"`
	Commands  []string    `json:"commands"`
	Repeat    string      `json:"repeat"` // "safe", or "unsafe": a call that may have run must not be sent again
	ReadOnly  bool        `json:"readonly,omitempty"`
	ACL       string      `json:"acl"`
}

// SHA1 is what EVALSHA takes.
func (s *Script) SHA1() string {
	sum := sha1.Sum([]byte(s.Code.Text))
	return hex.EncodeToString(sum[:])
}

// Manifest gives the model its JSON form.
func (m *Model) Manifest() Manifest {
	out := Manifest{Schema: manifestSchema}
	for _, group := range m.packages() {
		id := group[0].pkg()
		out.Primitives = append(out.Primitives, ManifestPrimitive{
			Name: id.primitive, Version: id.version, ACL: aclRule(group), ACLReadOnly: readOnlyRule(group),
		})
	}
	for _, s := range m.Scripts {
		out.Scripts = append(out.Scripts, ManifestScript{
			Name: s.Name(), Version: s.Version, File: s.Dist, SHA1: s.SHA1(), Doc: strings.Join(s.Doc, " "),
			Keys: list(s.Keys), Args: list(s.Args), Requires: s.Requires, Examples: s.Examples,
			Publishes: s.Publishes, Return: s.Return,
			Replies: list(s.Replies), Errors: list(s.Errors), Commands: list(s.Commands), Repeat: s.repeat(),
			ReadOnly: s.ReadOnly,
			ACL:      s.aclRule(),
		})
	}
	return out
}

// list makes a list appear as [] rather than null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// repeat is the manifest's word for whether a call may be sent again.
func (s *Script) repeat() string {
	if s.Unsafe {
		return "unsafe"
	}
	return "safe"
}

// aclRule is what a user must be allowed to call the script, by EVALSHA_RO if that can be.
func (s *Script) aclRule() string {
	if s.ReadOnly {
		return readOnlyRule([]*Script{s})
	}
	return aclRule([]*Script{s})
}

// readOnlyRule is the least rule for those of the scripts that are read-only.
func readOnlyRule(scripts []*Script) string {
	scripts = slices.DeleteFunc(slices.Clone(scripts), func(s *Script) bool { return !s.ReadOnly })
	if len(scripts) == 0 {
		return ""
	}
	return rule("+evalsha_ro", "%R~", scripts)
}

// aclRule is what a user must be allowed to call the scripts. A server holds every command that a script calls against
// the rules of the user that runs it. A companion of a name without a hash tag of its own begins with a brace.
func aclRule(scripts []*Script) string { return rule("+evalsha", "~", scripts) }

func rule(call, access string, scripts []*Script) string {
	var names, patterns, channels []string
	for _, s := range scripts {
		for _, c := range s.Commands {
			names = append(names, "+"+strings.ToLower(c))
		}
		for _, k := range s.Keys {
			patterns = append(patterns, access+"{prefix}*")
			if k.Suffix != "" {
				patterns = append(patterns, access+"{{prefix}*")
			}
		}
		for _, p := range s.Publishes {
			channels = append(channels, "&"+p.Pattern)
		}
	}
	rule := []string{call, "+script|load"}
	for _, part := range [][]string{names, patterns, channels} {
		slices.Sort(part)
		rule = append(rule, slices.Compact(part)...)
	}
	return strings.Join(rule, " ")
}
