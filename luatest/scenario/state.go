package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// state compares the whole database with what is expected.
func (r *replay) state(want []Key) error {
	expected := map[string]Key{}
	var names []string
	for _, key := range want {
		name, err := r.text(key.Key)
		if err != nil {
			return err
		}
		expected[name] = key
		names = append(names, name)
	}
	slices.Sort(names)
	got, err := r.list("KEYS", "*")
	if err != nil {
		return err
	}
	slices.Sort(got)
	if !slices.Equal(got, names) {
		return fmt.Errorf("expected the keys %q, got %q", names, got)
	}
	for _, name := range names {
		if err := r.key(name, expected[name]); err != nil {
			return fmt.Errorf("key %q: %w", name, err)
		}
	}
	return nil
}

func (r *replay) key(name string, want Key) error {
	kind, err := r.engine.Do("TYPE", name)
	if err != nil {
		return err
	}
	if kind.Text != want.Type {
		return fmt.Errorf("expected type %s, got %s", want.Type, kind.Text)
	}
	left, err := r.engine.Do("PTTL", name)
	if err != nil {
		return err
	}
	if want.PTTL == nil {
		return fmt.Errorf("the step says not what PTTL answers; it was %s", left)
	}
	if err := r.match(want.PTTL, left); err != nil {
		return fmt.Errorf("pttl: %w", err)
	}
	switch {
	case want.Value != nil:
		value, err := r.engine.Do("GET", name)
		if err != nil {
			return err
		}
		return r.match(want.Value, value)
	case want.Members != nil:
		members, err := r.list("ZRANGE", name, "0", "-1")
		if err != nil {
			return err
		}
		return r.matchAll(want.Members, stringReplies(members))
	case want.Fields != nil:
		fields, err := r.list("HKEYS", name)
		if err != nil {
			return err
		}
		slices.Sort(fields)
		return r.matchAll(want.Fields, stringReplies(fields))
	}
	return nil
}

// list runs a command that answers an array of strings.
func (r *replay) list(args ...string) ([]string, error) {
	reply, err := r.engine.Do(args...)
	if err != nil {
		return nil, err
	}
	if err := reply.Err(); err != nil {
		return nil, err
	}
	texts := make([]string, len(reply.Items))
	for i, item := range reply.Items {
		texts[i] = item.Text
	}
	return texts, nil
}

func stringReplies(texts []string) []resp.Reply {
	replies := make([]resp.Reply, len(texts))
	for i, text := range texts {
		replies[i] = resp.String(text)
	}
	return replies
}

// dump prints every key with its type, time left and value.
func (r *replay) dump() string {
	names, err := r.list("KEYS", "*")
	if err != nil {
		return err.Error()
	}
	slices.Sort(names)
	var b strings.Builder
	if now, err := r.engine.Do("TIME"); err == nil {
		fmt.Fprintf(&b, "    time %s\n", now)
	}
	for _, name := range names {
		kind, kindErr := r.engine.Do("TYPE", name)
		left, leftErr := r.engine.Do("PTTL", name)
		if kindErr != nil || leftErr != nil {
			fmt.Fprintf(&b, "    %q: %v %v\n", name, kindErr, leftErr)
			continue
		}
		read := map[string][]string{
			"string": {"GET", name}, "hash": {"HGETALL", name}, "zset": {"ZRANGE", name, "0", "-1", "WITHSCORES"},
			"list": {"LRANGE", name, "0", "-1"}, "set": {"SMEMBERS", name},
		}[kind.Text]
		value := resp.Null()
		if read != nil {
			if value, err = r.engine.Do(read...); err != nil {
				value = resp.Error(err.Error())
			}
		}
		fmt.Fprintf(&b, "    %s %s, pttl %s: %s\n", strconv.Quote(name), kind.Text, left, value)
	}
	return b.String()
}
