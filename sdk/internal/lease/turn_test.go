package lease

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
)

type nobody struct{}

func (nobody) GrantLost(*Grant, error) {}

// name is a resource that nobody calls.
type name string

func (n name) Key() string                                                { return string(n) }
func (name) Excludes() bool                                               { return true }
func (name) Acquire(primitive.Request) primitive.Call[primitive.Acquired] { panic("called") }
func (name) Primitive() string                                            { return "mutex" }
func (name) Extend(primitive.Request) primitive.Call[primitive.Extended]  { panic("called") }

func (name) Release(string, string, *primitive.Request) primitive.Call[primitive.Released] {
	panic("called")
}

// inTurn runs a test of a grant with numbers 98 to 100, in a turn of a second.
func inTurn(t *testing.T, test func(t *testing.T, s *Set, terms Terms, h *Handle)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
		defer rdb.Close()
		c := clock.New(func(time.Duration) time.Duration { return 0 })
		s := NewSet(call.New(rdb), c, event.NewBackground(nil, func(event.Kind) bool { return false }), nobody{})
		defer s.Close()
		terms := Terms{Resource: name("a"), Name: "a", TTL: 10 * time.Second, Turn: time.Second}
		h := s.Start(t.Context(), terms, Term{
			Grant: primitive.Grant{Token: "t", Fence: 100, Fences: 3, Lease: terms.TTL}, Since: c.Now(),
		})
		if h == nil || h.Fence() != 98 {
			t.Fatalf("the first holder: %+v", h)
		}
		test(t, s, terms, h)
	})
}

// A grant serves as many holders as it has numbers, in ascending order, and each ends when it passes.
func TestPassNumbers(t *testing.T) {
	inTurn(t, func(t *testing.T, _ *Set, terms Terms, h *Handle) {
		for fence := int64(99); fence <= 100; fence++ {
			next := h.Pass(t.Context(), terms)
			if next == nil || next.Fence() != fence || !errors.Is(h.Err(), failure.Unlocked) || h.Token() != "" {
				t.Fatalf("fence %d: %+v, the one before: %v", fence, next, h.Err())
			}
			if again := h.Pass(t.Context(), terms); again != nil {
				t.Fatal("an ended handle passes its successor's grant on")
			}
			h = next
		}
		if next := h.Pass(t.Context(), terms); next != nil {
			t.Errorf("fence %d is nobody's", next.Fence())
		}
	})
}

// What keeps a grant from being passed on.
func TestPassRefused(t *testing.T) {
	ctx := context.Background()
	for what, before := range map[string]func(s *Set, terms *Terms, h *Handle){
		"Token":               func(_ *Set, _ *Terms, h *Handle) { h.Token() },
		"attached":            func(s *Set, terms *Terms, _ *Handle) { s.Attach(*terms, "t") },
		"shared":              func(_ *Set, terms *Terms, h *Handle) { h.Share(terms.TTL, false, 0) },
		"extending":           func(_ *Set, _ *Terms, h *Handle) { _, _ = h.Extending(0) },
		"released elsewhere":  func(_ *Set, _ *Terms, h *Handle) { h.Grant().EndTurn() },
		"lost":                func(_ *Set, _ *Terms, h *Handle) { _ = h.Grant().Lose(failure.Taken) },
		"unlocked":            func(_ *Set, _ *Terms, h *Handle) { _, _ = h.Drop() },
		"the end of the turn": func(*Set, *Terms, *Handle) { time.Sleep(time.Second) },
		"the next is strict":  func(_ *Set, terms *Terms, _ *Handle) { terms.Turn = 0 },
		"longer":              func(_ *Set, terms *Terms, _ *Handle) { terms.TTL++ },
		"shorter":             func(_ *Set, terms *Terms, _ *Handle) { terms.TTL-- },
		"a lease half over":   func(_ *Set, _ *Terms, h *Handle) { h.grant.lease *= 2 },
		"a counter that was lost": func(_ *Set, _ *Terms, h *Handle) {
			_ = h.Grant().Extended(primitive.Extended{Outcome: primitive.Confirmed, Fence: 101}, h.Grant().Now(), 0)
		},
		"a passed deadline": func(_ *Set, _ *Terms, h *Handle) {
			h.grant.turn.limit = time.Hour
			time.Sleep(10 * time.Second)
		},
	} {
		t.Run(what, func(t *testing.T) {
			inTurn(t, func(t *testing.T, s *Set, terms Terms, h *Handle) {
				before(s, &terms, h)
				if next := h.Pass(ctx, terms); next != nil {
					t.Errorf("it was passed on, with fence %d", next.Fence())
				}
			})
		})
	}
}

// A renewal's answer leaves the holder's own fence alone, raises the deadline of whoever holds, and a loss ends only that.
func TestPassKeepsLevelsApart(t *testing.T) {
	inTurn(t, func(t *testing.T, _ *Set, terms Terms, first *Handle) {
		g, deadline := first.Grant(), first.Deadline()
		second := first.Pass(t.Context(), terms)
		time.Sleep(time.Second / 2)
		reply := primitive.Extended{Outcome: primitive.Confirmed, Fence: 100, Left: terms.TTL}
		if err := g.Extended(reply, g.Now(), 0); err != nil {
			t.Fatal(err)
		}
		if second.Fence() != 99 || !second.Deadline().After(deadline) || !first.Deadline().Equal(deadline) {
			t.Errorf("fence %d until %v, the first one's %v, was %v",
				second.Fence(), second.Deadline(), first.Deadline(), deadline)
		}
		ctx := second.Context(t.Context())
		if err := g.Extended(primitive.Extended{Outcome: primitive.NotHeld}, g.Now(), 0); !errors.Is(err, failure.Taken) {
			t.Error(err)
		}
		if !errors.Is(context.Cause(ctx), failure.Taken) || !errors.Is(first.Err(), failure.Unlocked) {
			t.Errorf("the second: %v, the first: %v", context.Cause(ctx), first.Err())
		}
	})
}
