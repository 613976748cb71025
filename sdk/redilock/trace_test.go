package redilock_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

type step struct{}

// A trace sees every call from its beginning to its end, and every hold, by one number; the contexts that it gives back
// reach the hooks of go-redis and the caller's section.
func TestTraceOfACall(t *testing.T) {
	t.Parallel()
	s := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer rdb.Close()
	var mu sync.Mutex
	var got []string
	holds := map[uint64]int{}
	note := func(name string) func(context.Context, redilock.Event) {
		return func(ctx context.Context, e redilock.Event) {
			mu.Lock()
			defer mu.Unlock()
			under, _ := ctx.Value(step{}).(string)
			got = append(got,
				fmt.Sprintf("%s %s %s contended=%v under=%s", name, e.Primitive, e.Outcome, e.Contended, under))
			if e.Hold != 0 {
				holds[e.Hold]++
			}
		}
	}
	under := func(name string) func(context.Context, redilock.Event) context.Context {
		tell := note(name)
		return func(ctx context.Context, e redilock.Event) context.Context {
			tell(ctx, e)
			return context.WithValue(ctx, step{}, name)
		}
	}
	rdb.AddHook(valueHook{func(ctx context.Context) { note("sent")(ctx, redilock.Event{}) }})
	c, err := redilock.New(rdb, redilock.WithTrace(redilock.Trace{
		Started: under("started"), Holding: under("holding"), Acquired: note("acquired"), Refused: note("refused"),
		GaveUp: note("gave up"), Released: note("released"), Enqueued: note("enqueued"),
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := context.WithValue(t.Context(), step{}, "caller")
	err = c.Do(ctx, "x", time.Minute, func(ctx context.Context, _ *redilock.Lock) error {
		note("section")(ctx, redilock.Event{})
		if _, err := c.Mutex("x", time.Minute).TryLock(t.Context()); !errors.Is(err, redilock.ErrHeld) {
			t.Error(err)
		}
		_, err := c.Mutex("x", time.Minute, redilock.WithWait(10*time.Millisecond)).Lock(t.Context())
		if !errors.Is(err, redilock.ErrWaitTimeout) {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := c.Mutex("x", time.Minute).TryLock(t.Context()); !errors.Is(err, redilock.ErrUnavailable) {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	got = slices.DeleteFunc(got, func(s string) bool {
		return strings.HasPrefix(s, "sent") && !strings.HasSuffix(s, "=started")
	})
	want := []string{
		"started mutex  contended=false under=caller", "acquired mutex acquired contended=false under=started",
		"holding mutex  contended=false under=started", "section   contended=false under=holding",
		"refused mutex refused contended=true under=started", "enqueued mutex  contended=true under=started",
		"gave up mutex timeout contended=true under=started", "released mutex released contended=false under=caller",
		"gave up mutex error contended=false under=started",
	}
	var told []string
	sent := 0
	for _, line := range got {
		switch {
		case strings.HasPrefix(line, "sent"):
			sent++
		case line == "started mutex  contended=false under=": // the other calls
		default:
			told = append(told, line)
		}
	}
	if d := cmp.Diff(want, told); d != "" {
		t.Error(d)
	}
	if sent < 2 {
		t.Errorf("%d calls to the server had the values of Started", sent)
	}
	if len(holds) != 1 {
		t.Errorf("one hold has several numbers: %v", holds)
	}
}

// valueHook looks at the context of every call.
type valueHook struct{ see func(context.Context) }

func (h valueHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h valueHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.see(ctx)
		return next(ctx, cmd)
	}
}

func (h valueHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		h.see(ctx)
		return next(ctx, cmds)
	}
}
