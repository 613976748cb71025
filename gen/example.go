package gen

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Example is a call of a script, on an empty server, and the reply that it brings.
type Example struct {
	Keys  []string `json:"keys"`
	Args  []string `json:"args"`
	Reply any      `json:"reply,omitempty"` // strings, numbers, nil and arrays of them; "..." is anything
	Error string   `json:"error,omitempty"` // or the code of an error
	line  int
}

// anything in the reply of an example stands for what cannot be told ahead.
const anything = "..."

// example reads what follows @example: keys | arguments => reply, all of them in JSON.
func (p *headerParser) example(rest string, line int) bool {
	call, reply, ok := strings.Cut(rest, "=>")
	keys, args, parted := strings.Cut(call, "|")
	if !ok {
		return false
	}
	e := Example{line: line, Args: []string{}}
	if e.Keys, ok = jsonWords(keys); !ok {
		return false
	}
	if parted {
		if e.Args, ok = jsonWords(args); !ok {
			return false
		}
	}
	reply = strings.TrimSpace(reply)
	if code, isError := strings.CutPrefix(reply, "error "); isError {
		e.Error = strings.TrimSpace(code)
	} else if json.Unmarshal([]byte(reply), &e.Reply) != nil {
		return false
	}
	p.s.Examples = append(p.s.Examples, e)
	return true
}

// jsonWords reads JSON strings that spaces part.
func jsonWords(s string) (list []string, ok bool) {
	d := json.NewDecoder(strings.NewReader(s))
	list = []string{}
	for d.More() {
		var word string
		if d.Decode(&word) != nil {
			return nil, false
		}
		list = append(list, word)
	}
	return list, true
}

// VerifyExamples calls every script as its examples say. call makes a call on an empty server, which knows the scripts, and
// returns its
// reply: a string, an int64, nil or a []any of them.
func VerifyExamples(o Options, call func(sha1 string, keys []string, args []any) (any, error)) error {
	m, err := Load(o)
	if err != nil {
		return err
	}
	var found []error
	for _, s := range m.Scripts {
		for _, e := range s.Examples {
			args := make([]any, len(e.Args))
			for i, a := range e.Args {
				args[i] = a
			}
			got, err := call(s.SHA1(), e.Keys, args)
			if err := e.check(got, err); err != nil {
				found = append(found, fmt.Errorf("%s: %w; correct the example or the script", Position{s.File, e.line}, err))
			}
		}
	}
	return errors.Join(found...)
}

func (e Example) check(got any, err error) error {
	switch {
	case err != nil && e.Error != "" && strings.HasPrefix(err.Error(), e.Error+" "):
		return nil
	case err != nil:
		return fmt.Errorf("the example brings the error %w", err)
	case e.Error != "" || !matches(e.Reply, got):
		b, _ := json.Marshal(got)
		return fmt.Errorf("the example brings %s", b)
	}
	return nil
}

func matches(want, got any) bool {
	switch want := want.(type) {
	case string:
		return want == anything || want == got
	case float64:
		n, ok := got.(int64)
		return ok && float64(n) == want
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !matches(want[i], list[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(want, got)
}
