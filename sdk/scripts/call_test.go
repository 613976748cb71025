package scripts_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts"
)

// script makes a script of a body, under the SHA1 that a server gives it.
func script(name, source string) *scripts.Script {
	sum := sha1.Sum([]byte(source))
	return &scripts.Script{Name: name, Version: 1, SHA1: hex.EncodeToString(sum[:]), Source: source}
}

var (
	bump = script("counter.bump", `return {'TOTAL', redis.call('INCRBY', KEYS[1], ARGV[1])}`)
	peek = script("counter.peek", `return {'TOTAL', tonumber(redis.call('GET', KEYS[1]) or '0')}`)
)

// call is what a binding does.
func call(s *scripts.Script, key string, args ...any) *scripts.Call[int64] {
	return scripts.NewCall(s, []string{key}, args, func(r *scripts.Reply) int64 {
		if r.Tag() != "TOTAL" {
			r.Undeclared()
			return 0
		}
		if !r.Len(2) {
			return 0
		}
		return r.Int(1)
	})
}

func client(t *testing.T) *redis.Client {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// hooked is a client that has no server: the hook must answer all.
func hooked(t *testing.T, w *watch) *redis.Client {
	noServer := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("there is no server") }
	// The address is a number because the client looks a name up at once, whoever dials.
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", Dialer: noServer})
	t.Cleanup(func() { _ = rdb.Close() })
	rdb.AddHook(w)
	return rdb
}

// watch records the commands that a client sends, and answers those that answer does not pass on.
type watch struct {
	mu     sync.Mutex
	sent   []string
	answer func(cmd redis.Cmder) (err error, answered bool)
}

func (w *watch) note(cmd redis.Cmder) {
	if cmd.Name() == "hello" || cmd.Name() == "client" {
		return // the client's own, for a new connection
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, cmd.Name())
}

func (w *watch) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.sent
	w.sent = nil
	return sent
}

func (w *watch) DialHook(next redis.DialHook) redis.DialHook { return next }

func (w *watch) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		w.note(cmd)
		if w.answer != nil {
			if err, answered := w.answer(cmd); answered {
				cmd.SetErr(err)
				return err
			}
		}
		return next(ctx, cmd)
	}
}

func (w *watch) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			w.note(cmd)
		}
		return next(ctx, cmds)
	}
}

// TestColdCache: EVALSHA, and only when the server does not know the script SCRIPT LOAD and EVALSHA again. Never EVAL.
func TestColdCache(t *testing.T) {
	t.Parallel()
	rdb, w := client(t), &watch{}
	rdb.AddHook(w)
	steps := []struct {
		name  string
		total int64
		sent  []string
	}{
		{"cold", 2, []string{"evalsha", "script", "evalsha"}},
		{"warm", 4, []string{"evalsha"}},
		{"flushed", 6, []string{"evalsha", "script", "evalsha"}},
	}
	c := call(bump, "n", 2)
	for _, s := range steps {
		if s.name == "flushed" {
			if err := rdb.ScriptFlush(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			w.take()
		}
		got, err := c.Do(t.Context(), rdb)
		if err != nil || got != s.total {
			t.Errorf("%s: %d, %v; want %d", s.name, got, err, s.total)
		}
		if d := cmp.Diff(s.sent, w.take()); d != "" {
			t.Errorf("%s: commands differ (-want +got):\n%s", s.name, d)
		}
		if c.Repeated() {
			t.Errorf("%s: a call that did not run counts as repeated", s.name)
		}
	}
}

// TestPipelineColdCache: each script is loaded once, and only the calls that did not run are sent again.
func TestPipelineColdCache(t *testing.T) {
	t.Parallel()
	rdb, w := client(t), &watch{}
	if _, err := call(peek, "n").Do(t.Context(), rdb); err != nil {
		t.Fatal(err)
	}
	rdb.AddHook(w)
	calls := []*scripts.Call[int64]{call(peek, "n"), call(bump, "n", 1), call(bump, "n", 2), call(peek, "n")}
	pipeline(t, rdb, calls)
	// The calls that had to wait for their script come after the others.
	if d := cmp.Diff([]int64{0, 1, 3, 0}, results(t, calls)); d != "" {
		t.Errorf("results differ (-want +got):\n%s", d)
	}
	want := []string{"evalsha", "evalsha", "evalsha", "evalsha", "script", "evalsha", "evalsha"}
	if d := cmp.Diff(want, w.take()); d != "" {
		t.Errorf("commands differ (-want +got):\n%s", d)
	}
	pipeline(t, rdb, calls)
	if d := cmp.Diff([]int64{3, 4, 6, 6}, results(t, calls)); d != "" {
		t.Errorf("results of a second time differ (-want +got):\n%s", d)
	}
	if got := w.take(); len(got) != len(calls) {
		t.Errorf("a warm pipeline sent %v", got)
	}
}

func pipeline(t *testing.T, rdb redis.UniversalClient, calls []*scripts.Call[int64]) {
	t.Helper()
	var all []scripts.Sendable
	for _, c := range calls {
		all = append(all, c)
	}
	scripts.Pipeline(t.Context(), rdb, all...)
}

func results(t *testing.T, calls []*scripts.Call[int64]) []int64 {
	t.Helper()
	var totals []int64
	for _, c := range calls {
		total, err := c.Result()
		if err != nil {
			t.Errorf("a call failed: %v", err)
		}
		totals = append(totals, total)
	}
	return totals
}

// TestManyServers: a script is loaded on the server that has the call's key.
func TestManyServers(t *testing.T) {
	t.Parallel()
	a, b := miniredis.RunT(t), miniredis.RunT(t)
	clients := map[string]redis.UniversalClient{
		"ring":    redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": a.Addr(), "b": b.Addr()}}),
		"cluster": redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{miniredis.RunT(t).Addr()}}),
	}
	for name, rdb := range clients {
		t.Run(name, func(t *testing.T) {
			defer func() { _ = rdb.Close() }()
			var calls []*scripts.Call[int64]
			for _, key := range strings.Fields("one two three four five six seven eight") {
				calls = append(calls, call(bump, key, 7))
			}
			pipeline(t, rdb, calls)
			for _, total := range results(t, calls) {
				if total != 7 {
					t.Errorf("total is %d", total)
				}
			}
			if total, err := call(peek, "one").Do(t.Context(), rdb); err != nil || total != 7 {
				t.Errorf("peek: %d, %v", total, err)
			}
		})
	}
	if len(a.Keys()) == 0 || len(b.Keys()) == 0 {
		t.Error("one server of the ring got no key: choose other names")
	}
}

// TestLoadRefused: the error of a SCRIPT LOAD says so, and names the script.
func TestLoadRefused(t *testing.T) {
	t.Parallel()
	rdb := client(t)
	denied := errors.New("NOPERM no SCRIPT for you")
	rdb.AddHook(&watch{answer: func(cmd redis.Cmder) (error, bool) { return denied, cmd.Name() == "script" }})
	_, err := call(bump, "n", 1).Do(t.Context(), rdb)
	checkDenied := func(err error) {
		t.Helper()
		if !errors.Is(err, denied) || !strings.Contains(err.Error(), "SCRIPT LOAD of counter.bump") {
			t.Errorf("error is %v", err)
		}
	}
	checkDenied(err)
	c := call(bump, "n", 1)
	scripts.Pipeline(t.Context(), rdb, c)
	_, err = c.Result()
	checkDenied(err)
}

// TestRepeats: what a broken connection or a server in transition failed is sent again, and Repeated says whether the
// first sending may have run.
func TestRepeats(t *testing.T) {
	t.Parallel()
	noServer := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	tests := []struct {
		name     string
		fails    []error // of the first sendings; then nil
		want     error
		sent     int
		repeated bool
	}{
		{"no failure", nil, nil, 1, false},
		{"reply lost", []error{io.EOF}, nil, 2, true},
		{"reply lost three times", []error{io.EOF, io.EOF, io.EOF}, nil, 4, true},
		{"reply lost for good", []error{io.EOF, io.EOF, io.EOF, io.EOF}, io.EOF, 4, true},
		{"pipe closed", []error{io.ErrClosedPipe}, nil, 2, true},
		{"no server", []error{noServer}, nil, 2, false},
		{"no server, then reply lost", []error{noServer, io.ErrUnexpectedEOF}, nil, 3, true},
		{"cancelled", []error{context.Canceled}, context.Canceled, 1, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &watch{}
				w.answer = func(cmd redis.Cmder) (error, bool) {
					if n := len(w.sent) - 1; n < len(test.fails) {
						return test.fails[n], true
					}
					cmd.(interface{ SetVal(any) }).SetVal([]any{"TOTAL", int64(5)})
					return nil, true
				}
				rdb := hooked(t, w)
				c := call(bump, "n", 5)
				total, err := c.Do(t.Context(), rdb)
				if !errors.Is(err, test.want) || err == nil && total != 5 {
					t.Errorf("%d, %v; want error %v", total, err, test.want)
				}
				if len(w.sent) != test.sent || c.Repeated() != test.repeated {
					t.Errorf("%d sendings, repeated %v; want %d, %v", len(w.sent), c.Repeated(), test.sent, test.repeated)
				}
			})
		})
	}
}

// TestRepeatEndsWithContext: the pause before a repeat does not outlive the caller's context.
func TestRepeatEndsWithContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &watch{answer: func(redis.Cmder) (error, bool) { cancel(); return io.EOF, true }}
		rdb := hooked(t, w)
		if _, err := call(bump, "n", 5).Do(ctx, rdb); !errors.Is(err, io.EOF) || len(w.sent) != 1 {
			t.Errorf("%v after %d sendings", err, len(w.sent))
		}
	})
}

func TestTransient(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"LOADING Redis is loading the dataset in memory": true,
		"READONLY You can't write against a read only":   true,
		"CLUSTERDOWN The cluster is down":                true,
		"ERR max number of clients reached":              true,
		"WRONGTYPE Operation against a key":              false,
		"NOPERM this user has no permissions":            false,
		"BADARG token: missing":                          false,
	}
	for text, want := range tests {
		rdb := client(t)
		server := script("error.make", `return redis.error_reply('`+strings.ReplaceAll(text, "'", `\'`)+`')`)
		err := rdb.Eval(t.Context(), server.Source, nil).Err()
		if err == nil || scripts.Transient(err) != want {
			t.Errorf("%q: transient %v, want %v", err, !want, want)
		}
	}
	for _, err := range []error{nil, context.Canceled, redis.Nil} {
		if scripts.Transient(err) {
			t.Errorf("%v is transient", err)
		}
	}
}

// TestUndeclared: a reply that is not as declared is an error that names the script and the shape of the reply, but
// none of its strings: they may be secrets.
func TestUndeclared(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // what the script returns → the shape in the error
		`{'OTHER', 's3cret', 1}`:            "[OTHER string integer]",
		`{'TOTAL', 's3cret'}`:               "[TOTAL string]",
		`{'TOTAL', 1, 's3cret'}`:            "[TOTAL integer string]",
		`{'s3cret', 1}`:                     "[string integer]",
		`{'TOTAL', {'S3CRET', {'secret'}}}`: "[TOTAL [string [string]]]",
		`'s3cret'`:                          "string",
		`{}`:                                "[]",
		`7`:                                 "integer",
		`false`:                             "nil",
	}
	rdb := client(t)
	for source, shape := range tests {
		total, err := call(script("counter.odd", "return "+source), "n").Do(t.Context(), rdb)
		var reply *scripts.ReplyError
		if !errors.As(err, &reply) {
			t.Errorf("%s: error is %v", source, err)
			continue
		}
		if d := cmp.Diff(&scripts.ReplyError{Script: "counter.odd v1", Reply: shape}, reply); d != "" {
			t.Errorf("%s: error differs (-want +got):\n%s", source, d)
		}
		if strings.Contains(strings.ToLower(err.Error()), "cret") || total != 0 {
			t.Errorf("%s: %d, %v", source, total, err)
		}
	}
}

// TestRows: a list that is not as declared fails the whole reply.
func TestRows(t *testing.T) {
	t.Parallel()
	rdb := client(t)
	rows := func(source string) ([]string, error) {
		s := script("counter.list", "return {'LIST', "+source+"}")
		return scripts.NewCall(s, []string{"n"}, nil, func(r *scripts.Reply) (names []string) {
			r.Rows(1, 2, func(r *scripts.Reply) {
				names = append(names, r.String(0)+" "+r.Millis(1).String())
			})
			return names
		}).Do(t.Context(), rdb)
	}
	got, err := rows(`{{'a', 1500}, {'b', -1}}`)
	if err != nil || !slices.Equal(got, []string{"a 1.5s", "b -1ms"}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := rows(`{}`); err != nil || len(got) != 0 {
		t.Errorf("an empty list: %v, %v", got, err)
	}
	for _, source := range []string{`7`, `{7}`, `{{'a'}}`, `{{'a', 'b'}}`, `{{1, 2}}`, `{{'a', 1}, {'b', 2, 3}}`} {
		if got, err := rows(source); !errors.As(err, new(*scripts.ReplyError)) || got != nil {
			t.Errorf("%s: %v, %v", source, got, err)
		}
	}
}
