package lease

import (
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/call"
	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts"
)

// Replicate makes the extends of a grant count only when so many replicas have them, from now on. It never takes less
// than was asked for before.
func (g *Grant) Replicate(r call.Replicas) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Count > g.replicas.Count {
		g.replicas = r
	}
}

// Replicas is on how many replicas an extend has to be before it counts.
func (g *Grant) Replicas() call.Replicas {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.replicas
}

// Acknowledged applies the reply to an extend that so many replicas have: as Extended if they are enough. Else the lease
// here stays what it was, though the server may keep its own for longer.
func (g *Grant) Acknowledged(
	reply primitive.Extended, have int, want call.Replicas, extended func() error,
) error {
	if reply.Outcome != primitive.Confirmed || have >= want.Count {
		return extended()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.longest = max(g.longest, g.set.clock.Now().Add(reply.Left))
	return fmt.Errorf("%w: %d of %d within %v", failure.Replicas, have, want.Count, want.Within)
}

// MayBeExtended takes note of an extend whose outcome is not known.
func (g *Grant) MayBeExtended(by time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.longest = max(g.longest, g.set.clock.Now().Add(by))
}

// renewAcknowledged sends the extends of grants that have to be on replicas, apart from all others.
func (s *Set) renewAcknowledged(calls []scripts.Sendable, of map[scripts.Sendable]renewal) {
	groups := make(map[call.Replicas][]scripts.Sendable)
	for _, c := range calls {
		r := of[c].grant.Replicas()
		groups[r] = append(groups[r], c)
	}
	key := func(c scripts.Sendable) string { return of[c].grant.resource.Key() }
	for want, group := range groups {
		sent := s.clock.Now()
		s.sender.TogetherAcknowledged(s.life, group, key, want, func(part []scripts.Sendable, have int, err error) {
			for _, c := range part {
				r := of[c]
				s.answered(r.grant)
				reply, failed := r.call.Reply()
				if failed != nil {
					failed = call.Explain(failed)
				} else {
					failed = err
				}
				if failed != nil {
					r.grant.MayBeExtended(r.lease)
					s.failed(r.grant, failed)
					continue
				}
				failed = r.grant.Acknowledged(reply, have, want, func() error {
					_ = r.grant.Extended(reply, sent, 0) // a loss is told to the lock itself
					return nil
				})
				if failed != nil {
					s.failed(r.grant, failed)
				}
			}
		})
	}
}
