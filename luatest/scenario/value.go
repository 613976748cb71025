package scenario

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// Value is a string of any bytes, as a scenario writes it: a JSON string (UTF-8), a number (its decimal digits), or
// an object of one of the forms of valueForm.
type Value struct {
	raw json.RawMessage
}

// UnmarshalJSON keeps the JSON: the value depends on what a replay has bound.
func (v *Value) UnmarshalJSON(text []byte) error {
	v.raw = bytes.Clone(text)
	return nil
}

// MarshalJSON gives the JSON back.
func (v Value) MarshalJSON() ([]byte, error) { return v.raw, nil }

// valueForm is the object form of a value; exactly one of its fields but Times is set.
type valueForm struct {
	Key   string  `json:"key"`   // a key of the lock, by its role: lock, fence, queue, waiters
	Hex   *string `json:"hex"`   // bytes, two digits each
	Text  *string `json:"text"`  // this text, Times times
	Times int     `json:"times"` //
	Var   string  `json:"var"`   // what was bound to this variable
	Join  []Value `json:"join"`  // these, one after the other
}

// scope is what a replay knows when it meets a value.
type scope struct {
	keys map[string]string // by role
	vars map[string]resp.Reply
}

// text makes the bytes of a value.
func (s *scope) text(v Value) (string, error) {
	switch first := v.raw[0]; {
	case first == '"':
		var text string
		err := json.Unmarshal(v.raw, &text)
		return text, err
	case first == '-' || first >= '0' && first <= '9':
		return string(v.raw), nil
	case first != '{':
		return "", fmt.Errorf("%s is no value", v.raw)
	}
	var form valueForm
	if err := strict(v.raw, &form); err != nil {
		return "", fmt.Errorf("%s is no value: %w", v.raw, err)
	}
	switch {
	case form.Key != "":
		key, ok := s.keys[form.Key]
		if !ok {
			return "", fmt.Errorf("%q is no key of this lock", form.Key)
		}
		return key, nil
	case form.Hex != nil:
		text, err := hex.DecodeString(*form.Hex)
		return string(text), err
	case form.Text != nil:
		return strings.Repeat(*form.Text, form.Times), nil
	case form.Var != "":
		bound, ok := s.vars[form.Var]
		if !ok {
			return "", fmt.Errorf("nothing is bound to %q", form.Var)
		}
		if bound.Kind == resp.KindInteger {
			return strconv.FormatInt(bound.Integer, 10), nil
		}
		return bound.Text, nil
	case form.Join != nil:
		texts, err := s.texts(form.Join)
		return strings.Join(texts, ""), err
	}
	return "", errors.New("an empty object is no value")
}

func (s *scope) texts(values []Value) ([]string, error) {
	texts := make([]string, len(values))
	for i, v := range values {
		text, err := s.text(v)
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	return texts, nil
}

// strict decodes an object that has no other fields.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
