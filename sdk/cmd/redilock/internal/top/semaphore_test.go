package top

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// semaphore is one with a holder that is older than the one whose lease ends first.
func semaphore(name string, limit, queued int64, weights ...int64) listing.Lock {
	s := redilock.SemaphoreStatus{Name: name, Limit: limit, Queued: queued, Held: int64(len(weights))}
	for i, w := range weights {
		s.Used += w
		s.Holders = append(s.Holders, redilock.SemaphoreHolder{
			Owner: string(rune('z'-i)) + ":1", Fence: base + 100 - int64(i), Weight: w,
			Remaining: time.Duration(10+i) * time.Second, HeldFor: time.Duration(i) * time.Minute,
		})
	}
	return listing.Lock{Name: name, State: state.OfSemaphore(s)}
}

// A semaphore shows how much is in use, its oldest holder, and how many there are besides. The column is there with it.
func TestSemaphores(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	locks := []listing.Lock{
		held("nightly", "web1:812", 4, 9*time.Minute, 0), semaphore("exports", 5, 2, 1, 3),
		semaphore("api", 1000, 0, 1), semaphore("config", state.Most, 1, 1, 1, 1),
		semaphore("rewrite", state.Most, 0, state.Most), semaphore("empty", 3, 0),
	}
	d.look(locks...)
	d.keys("u", "a")
	d.now = d.now.Add(700 * time.Millisecond)
	d.golden("semaphores-80x24.txt")
	d.send(tea.WindowSizeMsg{Width: 110, Height: 12})
	d.golden("semaphores-110x12.txt")
	d.keys("/", "y", ":", "1", "enter") // the second holder of two
	if got := d.m.shown(); len(got) != 2 {
		t.Errorf("filtered: %v", got)
	}
	d.look(locks[0])
	if strings.Contains(d.m.View().Content, "USED") {
		t.Error("the column is there without a semaphore")
	}
}
