package scenario

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// matchForm is the object form of an expected reply that is no value.
type matchForm struct {
	Status  *string   `json:"status"`  // this simple string
	Error   *string   `json:"error"`   // this error, its whole text
	Code    *string   `json:"code"`    // an error of this code, whatever its text
	Integer *interval `json:"integer"` // an integer of the interval
	Any     bool      `json:"any"`     // any reply but an error
}

// interval is a range of integers; each bound is optional.
type interval struct {
	Min   *int64 `json:"min"`
	Max   *int64 `json:"max"`
	Above string `json:"above"` // greater than what is bound to this variable
	Bind  string `json:"bind"`  // binds the integer to this variable
}

// match compares a reply with what is expected, and binds variables. Its error says how they differ.
func (s *scope) match(want json.RawMessage, got resp.Reply) error {
	differs := func() error { return fmt.Errorf("expected %s, got %s", want, got) }
	switch want[0] {
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(want, &items); err != nil {
			return err
		}
		if got.Kind != resp.KindArray || len(got.Items) != len(items) {
			return differs()
		}
		for i, item := range items {
			if err := s.match(item, got.Items[i]); err != nil {
				return fmt.Errorf("element %d: %w", i+1, err)
			}
		}
		return nil
	case 'n':
		return unless(got.Kind == resp.KindNull, differs)
	case '"':
		text, err := s.text(Value{want})
		if err != nil {
			return err
		}
		return unless(got.Equal(resp.String(text)), differs)
	case '{':
		return s.matchObject(want, got, differs)
	}
	var n int64
	if err := json.Unmarshal(want, &n); err != nil {
		return fmt.Errorf("%s is no expected reply", want)
	}
	return unless(got.Equal(resp.Integer(n)), differs)
}

func unless(ok bool, differs func() error) error {
	if ok {
		return nil
	}
	return differs()
}

func (s *scope) matchObject(want json.RawMessage, got resp.Reply, differs func() error) error {
	var form matchForm
	if err := strict(want, &form); err != nil {
		return s.matchValue(want, got, differs)
	}
	switch {
	case form.Status != nil:
		return unless(got.Equal(resp.Status(*form.Status)), differs)
	case form.Error != nil:
		return unless(got.Equal(resp.Error(*form.Error)), differs)
	case form.Code != nil:
		return unless(got.Kind == resp.KindError && got.Code() == *form.Code, differs)
	case form.Any:
		return unless(got.Kind != resp.KindError, differs)
	case form.Integer != nil:
		return s.matchInteger(form.Integer, got, differs)
	}
	return fmt.Errorf("%s is no expected reply", want)
}

// matchValue matches a variable with what is bound to it, an integer with an integer, and any other value with a
// string.
func (s *scope) matchValue(want json.RawMessage, got resp.Reply, differs func() error) error {
	var form valueForm
	if err := strict(want, &form); err != nil {
		return fmt.Errorf("%s is no expected reply: %w", want, err)
	}
	if form.Var != "" {
		bound, ok := s.vars[form.Var]
		if !ok {
			return fmt.Errorf("nothing is bound to %q", form.Var)
		}
		if !got.Equal(bound) {
			return fmt.Errorf("%w; %s is %s", differs(), form.Var, bound)
		}
		return nil
	}
	text, err := s.text(Value{want})
	if err != nil {
		return err
	}
	return unless(got.Equal(resp.String(text)), differs)
}

func (s *scope) matchInteger(in *interval, got resp.Reply, differs func() error) error {
	if got.Kind != resp.KindInteger || in.Min != nil && got.Integer < *in.Min || in.Max != nil && got.Integer > *in.Max {
		return differs()
	}
	if in.Above != "" {
		bound, ok := s.vars[in.Above]
		if !ok || bound.Kind != resp.KindInteger {
			return fmt.Errorf("no integer is bound to %q", in.Above)
		}
		if got.Integer <= bound.Integer {
			return fmt.Errorf("%w; %s is %s", differs(), in.Above, bound)
		}
	}
	if in.Bind != "" {
		s.vars[in.Bind] = got
	}
	return nil
}

// matchAll compares a list of replies, one by one.
func (s *scope) matchAll(want []json.RawMessage, got []resp.Reply) error {
	if len(want) != len(got) {
		texts := make([]string, len(want))
		for i, w := range want {
			texts[i] = string(w)
		}
		return fmt.Errorf("expected [%s], got %s", strings.Join(texts, ", "), resp.Array(got...))
	}
	for i := range want {
		if err := s.match(want[i], got[i]); err != nil {
			return fmt.Errorf("element %d: %w", i+1, err)
		}
	}
	return nil
}
