package lease

import (
	"fmt"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
)

// request asks for that lease of what the grant holds. It is called with g.mu held.
func (g *Grant) request(lease time.Duration) primitive.Request {
	return primitive.Request{Token: g.token, Lease: lease, Weight: g.weight, Limit: g.limit}
}

// Request asks for that lease of what the grant holds.
func (g *Grant) Request(lease time.Duration) primitive.Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.request(lease)
}

// Weight is how many permits the grant holds; 0 if nobody knows.
func (g *Grant) Weight() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.weight
}

// Shrunk says that the server left that weight to the grant.
func (g *Grant) Shrunk(weight int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.weight == 0 || weight < g.weight {
		g.weight = weight
	}
	g.least = min(g.least, g.weight)
}

// Shrinking says that a shrink to that weight is about to be sent, and gives the token for it. It ends the turn. What others
// of the call chain hold as well cannot be made less.
func (h *Handle) Shrinking(weight int64) (token string, err error) {
	g := h.grant
	g.mu.Lock()
	defer g.mu.Unlock()
	switch err := h.err(); {
	case err != nil:
		return "", err
	case weight < 1:
		return "", fmt.Errorf("%w: to shrink to %d; to give everything back, unlock", failure.Invalid, weight)
	case g.weight > 0 && weight > g.weight:
		return "", fmt.Errorf("%w: to shrink to %d what holds %d", failure.Invalid, weight, g.weight)
	case len(g.holder.shares) > 1:
		return "", fmt.Errorf("%w: others share what is to shrink; let them unlock first", failure.Invalid)
	}
	g.turn.over = true
	g.least = min(g.least, weight)
	return g.token, nil
}
