package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilocktest"
)

// keysSent is a hook that sends nothing, and keeps the keys of the last call.
type keysSent struct{ keys []string }

var errNotSent = errors.New("not sent")

func (k *keysSent) DialHook(next redis.DialHook) redis.DialHook { return next }

func (k *keysSent) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		k.keys = nil
		for _, key := range cmd.Args()[3:7] { // EVALSHA sha1 4
			k.keys = append(k.keys, fmt.Sprint(key))
		}
		cmd.SetErr(errNotSent)
		return errNotSent
	}
}

func (k *keysSent) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// FuzzNames holds the keys that the SDK sends for a name to the rule as luatest has it, with a CRC16 of its own: the same
// names are refused, all four keys are in one slot of a cluster, and two locks share none.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{
		"a", "a{b", "a{b}c", "{}a", "a}b{c}", "{{a}}", "{a", "\x00\xff", "", "{x}", "x", "{x}:redilock:fence", "x}y", "}{",
		"{x}{y}", "{{x}", strings.Repeat("n", 1024), strings.Repeat("n", 1025),
	} {
		f.Add(seed, "x")
	}
	f.Add("{x}:redilock:queue", "{x}y")
	f.Add("x{y}", "x{y}:redilock:waiters")
	hook := &keysSent{}
	rdb := redis.NewClient(&redis.Options{})
	rdb.AddHook(hook)
	c, err := redilock.New(rdb)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _, _ = c.Close(), rdb.Close() })
	f.Fuzz(func(t *testing.T, one, other string) {
		ones, others := keysFor(t, c, hook, one), keysFor(t, c, hook, other)
		for _, key := range ones {
			if scenario.Slot(key) != scenario.Slot(one) {
				t.Errorf("name %q is in slot %d, its key %q in %d", one, scenario.Slot(one), key, scenario.Slot(key))
			}
			if one != other && slices.Contains(others, key) {
				t.Errorf("the names %q and %q share the key %q", one, other, key)
			}
		}
	})
}

// keysFor gives the keys that the client sends for a name: none if it is refused.
func keysFor(t *testing.T, c *redilock.Client, hook *keysSent, name string) []string {
	t.Helper()
	var want []string
	for _, suffix := range []string{"", ":redilock:fence", ":redilock:queue", ":redilock:waiters"} {
		key, err := scenario.KeyName(name, suffix)
		if err != nil {
			want = nil
			break
		}
		want = append(want, key)
	}
	hook.keys = nil
	_, err := c.Inspect(t.Context(), name)
	if want == nil && !errors.Is(err, redilock.ErrInvalid) {
		t.Errorf("the name %q is not refused: %v", name, err)
	}
	if !slices.Equal(hook.keys, want) {
		t.Errorf("name %q: keys %q, want %q", name, hook.keys, want)
	}
	return hook.keys
}

// TestSlots shows what FuzzNames would say of companions without a hash tag, and of a tag that a server does not see.
func TestSlots(t *testing.T) {
	t.Parallel()
	for key, slot := range map[string]int{"123456789": 0x31c3, "foo": 12182, "{foo}:redilock:fence": 12182, "": 0} {
		if got := scenario.Slot(key); got != slot {
			t.Errorf("%q is in slot %d, not %d", key, got, slot)
		}
	}
	for name, companion := range map[string]string{
		"a": "a:redilock:fence", "{}a": "{}a:redilock:fence", "a}b": "{a}b}:redilock:fence", "x{}y": "{x{}y}:redilock:fence",
	} {
		if scenario.Slot(name) == scenario.Slot(companion) {
			t.Errorf("%q and %q are in one slot", name, companion)
		}
	}
}

// FuzzTokens takes locks under any owner, and attaches to them by any token: what is refused is refused before anything is
// sent, what is accepted works, and no error shows a token.
func FuzzTokens(f *testing.F) {
	f.Add("me", "token of another")
	f.Add("host:1/2", "a b\r\nc\x00")
	f.Add("", "")
	f.Add(strings.Repeat("o", 256), strings.Repeat("t", 512))
	f.Add(strings.Repeat("o", 257), strings.Repeat("t", 513))
	f.Add("\xff\xfe", "%s%n/AAAAAAAAAAAAAAAAAAAAAA")
	s := redilocktest.New(f)
	f.Fuzz(func(t *testing.T, owner, token string) {
		checkOwned(t, s, owner)
		const name = "attached"
		l, err := s.Client.Attach(name, token)
		valid := token != "" && len(token) <= 512
		if valid != (err == nil) || !valid && !errors.Is(err, redilock.ErrInvalid) {
			t.Fatalf("Attach: %v", err)
		}
		if !valid {
			hides(t, err, token)
			return
		}
		err = l.Extend(t.Context(), time.Minute)
		if !errors.Is(err, redilock.ErrLost) {
			t.Errorf("Extend of a lock that nobody holds: %v", err)
		}
		hides(t, err, token)
		s.Redis.Set(t.Context(), name, token, time.Minute)
		if l, err = s.Client.Attach(name, token); err != nil {
			t.Fatal(err)
		}
		if err := l.Extend(t.Context(), time.Hour); err != nil || l.Fence() == 0 {
			t.Errorf("Extend: %v, fence %d", err, l.Fence())
		}
		if err := l.Unlock(t.Context()); err != nil || s.Held(name) {
			t.Errorf("Unlock: %v", err)
		}
		if l, err = s.Client.Attach(name, token); err != nil {
			t.Fatal(err)
		}
		err = l.Unlock(t.Context())
		if !errors.Is(err, redilock.ErrLost) {
			t.Errorf("Unlock of a lock that nobody holds: %v", err)
		}
		hides(t, err, token)
	})
}

// checkOwned takes a lock under an owner, and has the server say whose it is.
func checkOwned(t *testing.T, s *redilocktest.Server, owner string) {
	t.Helper()
	c, err := redilock.New(s.Redis, redilock.WithOwner(owner))
	if valid := owner != "" && len(owner) <= 256; valid != (err == nil) || !valid && !errors.Is(err, redilock.ErrInvalid) {
		t.Fatalf("New: %v", err)
	} else if !valid {
		return
	}
	defer c.Close()
	l, err := c.Mutex("owned", time.Minute).TryLock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	status, err := s.Client.Inspect(t.Context(), "owned")
	if err != nil || status.Owner != owner || !strings.HasPrefix(l.Token(), owner+"/") {
		t.Errorf("owner %q: the server says %q, %v", owner, status.Owner, err)
	}
	if err := l.Unlock(t.Context()); err != nil {
		t.Error(err)
	}
}

// hides fails the test if an error shows the token, unless that is too short to say.
func hides(t *testing.T, err error, token string) {
	t.Helper()
	const words = "redilock: attached, lock lost, a token has 1 to 512 bytes" // it may consist of ours
	if text := err.Error(); len(token) >= 6 && strings.Contains(text, token) && !strings.Contains(words, token) {
		t.Errorf("the error shows the token %q: %v", token, err)
	}
}
