package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// claim is one thing that must be true of a lock that works, and whether it was.
type claim struct {
	ok   bool
	text string
}

// check judges what happened. Every claim can fail: a lock that lets two in, repeats a fence or forgets a worker does.
func (r *record) check() []claim {
	r.mu.Lock()
	defer r.mu.Unlock()
	claims := []claim{
		{r.overlap == 0, fmt.Sprintf("overlaps: %d", r.overlap)},
		r.checkFences(),
		r.checkTurns(),
	}
	if r.trouble > 0 {
		claims = append(claims, claim{false, fmt.Sprintf("errors: %d", r.trouble)})
	}
	return claims
}

func (r *record) checkFences() claim {
	for i := 1; i < len(r.fences); i++ {
		if r.fences[i] <= r.fences[i-1] {
			return claim{false, fmt.Sprintf("fences strictly grow: no, %d came after %d", r.fences[i], r.fences[i-1])}
		}
	}
	if len(r.fences) == 0 {
		return claim{false, "fences strictly grow: there was no grant at all"}
	}
	return claim{true, fmt.Sprintf("fences strictly grow: %d to %d", r.fences[0], r.fences[len(r.fences)-1])}
}

func (r *record) checkTurns() claim {
	ok := true
	turns := make([]string, len(r.lanes))
	for i := range r.lanes {
		l := &r.lanes[i]
		ok = ok && l.turns == r.rounds
		turns[i] = fmt.Sprintf("%s %d", l.name, l.turns)
	}
	text := "turns per worker: " + strings.Join(turns, "  ")
	if !ok {
		text += fmt.Sprintf("  (each should have had %d)", r.rounds)
	}
	return claim{ok, text}
}

func passed(claims []claim) bool {
	return !slices.ContainsFunc(claims, func(c claim) bool { return !c.ok })
}

// pace says how the lock went round: what one wants to know of it once it is right.
func (r *record) pace() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var took []time.Duration
	between := 0
	for _, h := range r.handoffs {
		took = append(took, h.took)
		if h.between {
			between++
		}
	}
	s := fmt.Sprintf("%s in %.2f s", plural(len(r.fences), "turn"), r.end().Seconds())
	if len(took) == 0 {
		return s
	}
	slices.Sort(took)
	return s + fmt.Sprintf("; %s to a waiter (%d between clients), median %v",
		plural(len(took), "hand-off"), between, took[len(took)/2].Round(10*time.Microsecond))
}

// end is when the last thing happened.
func (r *record) end() time.Duration {
	var end time.Duration
	for i := range r.lanes {
		end = max(end, r.lanes[i].since())
	}
	return end
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
