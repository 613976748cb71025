package lease_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/clock"
	"github.com/zferentz/go-redilock/sdk/internal/event"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/lease"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/internal/primitive/semaphore"
)

// owner does nothing about a loss.
type owner struct{}

func (owner) GrantLost(*lease.Grant, error) {}

const (
	ttl    = time.Minute
	turn   = time.Millisecond
	fences = 10 // of a grant
	last   = 100
)

// pair is a reader's grant, and another call that may share it.
type pair struct {
	first, other lease.Terms
	term         lease.Term
	h            *lease.Handle // of the first
}

// joinTests are the conditions of Join, each by itself. Without set and do the two are alike.
var joinTests = map[string]struct {
	set  func(p *pair) // before the grant
	do   func(p *pair) // between the grant and the other call
	want bool
}{
	"alike":                      {want: true},
	"at the end of the turn":     {do: func(*pair) { time.Sleep(turn - 1) }, want: true},
	"the turn is over":           {do: func(*pair) { time.Sleep(turn) }},
	"the other's turn is over":   {set: func(p *pair) { p.other.Turn /= 2 }, do: func(*pair) { time.Sleep(turn / 2) }},
	"the other's turn is long":   {set: func(p *pair) { p.other.Turn *= 9 }, do: func(*pair) { time.Sleep(turn) }},
	"the other wants no turn":    {set: func(p *pair) { p.other.Turn = 0 }},
	"the first wants no turn":    {set: func(p *pair) { p.first.Turn = 0 }},
	"a longer TTL":               {set: func(p *pair) { p.other.TTL++ }},
	"a shorter TTL":              {set: func(p *pair) { p.other.TTL-- }},
	"a writer":                   {set: func(p *pair) { p.other.Weight = p.other.Limit }},
	"another limit":              {set: func(p *pair) { p.other.Limit-- }},
	"the other is auto-extended": {set: func(p *pair) { p.other.AutoExtend = true }},
	"the first is auto-extended": {set: func(p *pair) { p.first.AutoExtend = true }},
	"both are auto-extended":     {set: autoExtend, want: true},
	"the other's maximal hold":   {set: func(p *pair) { p.other.MaxHold = time.Hour }},
	"the first's maximal hold":   {set: func(p *pair) { p.first.MaxHold = time.Hour }},
	"one number":                 {set: func(p *pair) { p.term.Fences = 1 }},
	"half the lease is over":     {set: func(p *pair) { p.term.Since = p.term.Since.Add(-ttl / 2) }},
	"a short grant":              {set: func(p *pair) { p.term.Lease /= 2 }, want: true}, // it is being renewed
	"the first has unlocked":     {do: func(p *pair) { _, _ = p.h.Drop() }},
	"the first could not return": {do: func(p *pair) { p.h.Leave(); p.h.Grant().End(failure.Unlocked) }},
	"it is lost":                 {do: func(p *pair) { _ = p.h.Grant().Lose(failure.Taken) }},
	"its token was read":         {do: func(p *pair) { p.h.Token() }},
	"the first extends it":       {do: func(p *pair) { _, _ = p.h.Extending(ttl) }},
	"it shrinks":                 {do: func(p *pair) { _, _ = p.h.Shrinking(1) }},
	"it is attached":             {do: func(p *pair) { p.h.Grant().Attach() }},
	"it is broken":               {do: func(p *pair) { p.h.Grant().EndTurn() }},
	"the counter was lost":       {do: func(p *pair) { p.extended(last + 1) }},
	"it was renewed":             {do: func(p *pair) { p.extended(last) }, want: true},
	"shared by the call chain":   {do: func(p *pair) { p.share(ttl, false) }, want: true},
	"raised by the call chain":   {do: func(p *pair) { p.share(2*ttl, false) }},
	"extended by the call chain": {do: func(p *pair) { p.share(ttl, true) }},
	"nobody can reach the first": {set: autoExtend, do: func(p *pair) { p.h.Unreachable() }}, // so it is not renewed
	"one number is left":         {do: func(p *pair) { p.join(fences - 2) }, want: true},
	"no number is left":          {do: func(p *pair) { p.join(fences - 1) }},
	"one of two has unlocked":    {do: func(p *pair) { p.join(1); _, _ = p.h.Drop() }, want: true},
}

func autoExtend(p *pair) { p.first.AutoExtend, p.other.AutoExtend = true, true }

func (p *pair) extended(fence int64) {
	reply := primitive.Extended{Outcome: primitive.Confirmed, Fence: fence, Left: ttl}
	_ = p.h.Grant().Extended(reply, p.h.Grant().Now(), 0)
}

func (p *pair) share(ttl time.Duration, autoExtend bool) { _, _, _ = p.h.Share(ttl, autoExtend, 1) }

func (p *pair) join(n int) {
	for range n {
		p.h.Grant().Join(p.first)
	}
}

// TestJoin: under which conditions a call shares a reader's grant. One that does has a number of its own.
func TestJoin(t *testing.T) {
	t.Parallel()
	for name, test := range joinTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				resource, err := semaphore.NewRW("x")
				if err != nil {
					t.Fatal(err)
				}
				now := clock.New(nil)
				events := event.NewBackground(func(context.Context, event.Event) {}, func(event.Kind) bool { return false })
				set := lease.NewSet(nil, now, events, owner{})
				defer set.Close()
				reader := lease.Terms{Resource: resource, Name: "x", TTL: ttl, Turn: turn, Weight: 1, Limit: semaphore.Limit}
				p := &pair{first: reader, other: reader, term: lease.Term{
					Grant: primitive.Grant{Token: "token", Fence: last, Fences: fences, Lease: ttl}, Since: now.Now(),
				}}
				if test.set != nil {
					test.set(p)
				}
				p.h = set.Start(t.Context(), p.first, p.term)
				if test.do != nil {
					test.do(p)
				}
				h := p.h.Grant().Join(p.other)
				if (h != nil) != test.want {
					t.Fatalf("it joins: %v, want %v", h != nil, test.want)
				}
				if h != nil && (h.Fence() <= p.h.Fence() || h.Fence() > last || !h.Joined() || h.Err() != nil) {
					t.Errorf("number %d, of the first %d; joined %v, %v", h.Fence(), p.h.Fence(), h.Joined(), h.Err())
				}
			})
		})
	}
}
