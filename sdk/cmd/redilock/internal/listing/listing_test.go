package listing

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// nameOf undoes what the protocol makes of a name, for every name that it takes.
func TestNameOf(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"x", "a{b", "orders:{42}:pay", "{a}{b}", "{{a}}", "a b", ":redilock:fence", "x:redilock:queue"}
	for range 20_000 {
		names = append(names, text(random, "a{}:", 8))
	}
	accepted := 0
	for _, name := range names {
		for _, suffix := range suffixes {
			key, err := scenario.KeyName(name, suffix)
			if err != nil {
				continue
			}
			accepted++
			if got := nameOf(key); got != name {
				t.Fatalf("%q has the companion %q, which is taken for that of %q", name, key, got)
			}
		}
	}
	if accepted < len(names)/2 {
		t.Errorf("only %d names were accepted: the test proves little", accepted)
	}
	for _, key := range []string{
		"x", "", ":redilock:fence", "x:redilock:fence", "{}:redilock:fence", "{x:redilock:queue", "{x}:redilock:waiters",
		"x}{:redilock:fence",
	} {
		if got := nameOf(key); got != "" {
			t.Errorf("%q is taken for a companion of %q", key, got)
		}
	}
}

func nameOf(key string) string {
	name, _, _ := split(key)
	return name
}

// text is up to most random letters.
func text(r *rand.Rand, letters string, most int) string {
	var b strings.Builder
	for range 1 + r.IntN(most) {
		b.WriteByte(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// Match does what the server does, also for patterns that make no sense.
func TestMatch(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{}, func(t *testing.T, s *server.Server) {
		const letters = `abc*?[]^-\`
		random := rand.New(rand.NewPCG(3, 4))
		rdb := redis.NewClient(s.RedisOptions())
		defer rdb.Close()
		pipe := rdb.Pipeline()
		var names []string
		for range 300 {
			name := text(random, letters, 5)
			names = append(names, name)
			pipe.Set(t.Context(), name, 1, 0)
		}
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(names)
		names = slices.Compact(names)
		matches := 0
		for range 3000 {
			pattern := text(random, letters, 7)
			want, _, err := rdb.Scan(t.Context(), 0, pattern, 100_000).Result()
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(want)
			var got []string
			for _, name := range names {
				if Match(pattern, name) {
					got = append(got, name)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("pattern %q (-server +here):\n%s", pattern, cmp.Diff(want, got))
			}
			matches += len(got)
		}
		for _, name := range names {
			if !Match(Literal(name), name) || Match(Literal(name), name+"x") {
				t.Errorf("%q is not what matches %q", Literal(name), name)
			}
		}
		if matches < 1000 {
			t.Errorf("%d matches: the test proves little", matches)
		}
	})
}

// An error of one lock is that lock's; one of the server is everybody's.
func TestInspect(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	defer rdb.Close()
	c, err := redilock.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	rdb.Set(ctx, "held", "somebody's", 0)
	rdb.LPush(ctx, "list", 1)
	names := []Name{{"a}b", state.Mutex}, {"free", state.Mutex}, {"held", state.Mutex}, {"list", state.Mutex}}
	var got []string
	for _, all := range []bool{false, true} {
		locks, err := Inspect(ctx, c, names, all)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range locks {
			got = append(got, l.Name+" "+l.Holder())
		}
	}
	want := []string{
		"held (another program)", "list (not a lock)",
		"free (free)", "held (another program)", "list (not a lock)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	ended, end := context.WithCancelCause(ctx)
	end(errors.New("enough"))
	if _, err := Inspect(ended, c, names, true); err == nil || err.Error() != "enough" {
		t.Errorf("after the end: %v", err)
	}
	_ = c.Close()
	if _, err := Inspect(ctx, c, names, true); !errors.Is(err, redilock.ErrClosed) {
		t.Errorf("on a closed client: %v", err)
	}
	if locks, err := Inspect(ctx, c, nil, true); err != nil || len(locks) != 0 {
		t.Errorf("of nothing: %v, %v", locks, err)
	}
}
