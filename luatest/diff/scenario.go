package diff

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// object is a JSON object whose fields keep their order.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON writes the fields in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, f := range o {
		value, err := marshal(f.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%c%q:%s", "{,"[min(i, 1)], f.name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// marshal is json.Marshal without the escapes of HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Scenario writes the sequence as a file of scenarios: what the first runner answered is what is expected. So it fails
// on the engine that differs, and passes on those that do not. What depends on the time is exact where the two differ, and
// there the scenario can only be replayed on an engine whose clock stands still, or of that difference be judged.
func (f Found) Scenario() ([]byte, error) {
	steps := []any{object{{"subscribe", []any{Listened}}}}
	for i, step := range f.Sequence {
		exact := f.Difference.Step == i
		expected := f.match(f.A.Replies[i], exact)
		switch {
		case step.Call != "":
			o := object{{"call", step.Call}}
			if step.Keys != nil {
				o = append(o, field{"keys", f.values(step.Keys)})
			}
			steps = append(steps, append(o, field{"args", f.values(step.Args)}, field{"reply", expected}))
		case step.Do != nil:
			steps = append(steps, object{{"do", f.values(step.Do)}, {"reply", expected}})
		default:
			steps = append(steps, object{{"advance_ms", step.Advance.Milliseconds()}})
		}
	}
	steps = append(steps, f.left()...)
	file := object{{"primitive", f.plan.Subject.Primitive}, {"version", f.plan.Subject.Version}, {"scenarios", []any{object{
		{"name", fmt.Sprintf("difference-%d", f.Seed)},
		{"title", fmt.Sprintf("A difference: %s answers as below, %s does not. Say what it shows.", f.NameA, f.NameB)},
		{"shows", []string{"M9"}},
		{"lock", Lock},
		{"steps", steps},
	}}}}
	text, err := marshal(file)
	if err != nil {
		return nil, err
	}
	return indented(text), nil
}

// indented puts the steps on lines of their own.
func indented(text []byte) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return text
	}
	return append(b.Bytes(), '\n')
}

// left gives the steps that look at what the sequence left.
func (f Found) left() []any {
	var steps []any
	messages := []any{}
	for _, message := range f.A.Messages {
		if f.Difference.Step < 0 && f.Difference.Key < 0 {
			messages = append(messages, f.value(message))
		} else {
			messages = append(messages, object{{"any", true}}) // it has a fence in it
		}
	}
	steps = append(steps, object{{"messages", object{{"channel", Listened}, {"payloads", messages}}}})
	state := []any{}
	for i, key := range f.A.State {
		if key.Type == "none" {
			continue
		}
		exact := f.Difference.Step < 0 && f.Difference.Key == i
		role := object{{"key", f.plan.Roles[i]}}
		o := object{{"key", role}, {"type", key.Type}, {"pttl", f.match(resp.Integer(key.PTTL), exact)}}
		switch key.Type {
		case "string":
			if exact || !isTime(key.Value.Text) {
				o = append(o, field{"value", f.value(key.Value.Text)})
			}
		case "zset", "hash":
			listed, read := "members", "ZSCORE"
			if key.Type == "hash" {
				listed, read = "fields", "HGET"
			}
			names := []any{}
			for pair := range slices.Chunk(key.Value.Items, 2) {
				name, content := f.value(pair[0].Text), f.value(pair[1].Text)
				names = append(names, name)
				if exact {
					steps = append(steps, object{{"do", []any{read, role, name}}, {"reply", content}})
				}
			}
			o = append(o, field{listed, names})
		}
		state = append(state, o)
	}
	return append(steps, object{{"state", state}})
}

// values writes strings as the values of a scenario.
func (f Found) values(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = f.value(text)
	}
	return all
}

func (f Found) value(text string) any {
	for i, key := range f.plan.Keys {
		if text == key {
			return object{{"key", f.plan.Roles[i]}}
		}
	}
	switch {
	case len(text) > 40 && strings.Count(text, text[:1]) == len(text):
		return object{{"text", text[:1]}, {"times", len(text)}}
	case !utf8.ValidString(text):
		return object{{"hex", hex.EncodeToString([]byte(text))}}
	}
	return text
}

// isTime says whether a text is a time of ours in microseconds: a fence, mostly.
func isTime(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n > 1e15 && n < 1<<53
}

// match writes a reply as what a scenario expects. What depends on the time is a range, unless it has to be exact.
func (f Found) match(r resp.Reply, exact bool) any {
	switch r.Kind {
	case resp.KindStatus:
		return object{{"status", r.Text}}
	case resp.KindError:
		if exact && r.Code() != "ERR" {
			return object{{"error", r.Text}}
		}
		return object{{"code", r.Code()}}
	case resp.KindInteger:
		switch {
		case exact, r.Integer < 5:
			return r.Integer
		case isTime(strconv.FormatInt(r.Integer, 10)):
			return object{{"integer", object{{"min", int64(1600000000000000)}, {"max", int64(1<<53 - 1)}}}}
		}
		return object{{"integer", object{{"min", max(1, r.Integer-1000)}, {"max", r.Integer}}}}
	case resp.KindArray:
		items := []any{}
		for _, item := range r.Items {
			items = append(items, f.match(item, exact))
		}
		return items
	case resp.KindString:
		return f.value(r.Text)
	}
	return nil
}
