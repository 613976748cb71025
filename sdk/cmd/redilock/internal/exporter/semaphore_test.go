package exporter

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/scripts/semaphorev1"
)

func (b *bench) permits(t *testing.T, name string, weight int64) *redilock.Lock {
	t.Helper()
	l, err := b.client.Semaphore(name, 5, time.Minute).TryAcquire(t.Context(), weight)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A semaphore has what is in use of it, and its holders, in the metrics and on its page.
func TestSemaphores(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	one := b.permits(t, "slots", 3)
	b.permits(t, "slots", 1)
	if _, err := b.client.RWMutex("config", time.Minute).TryLock(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.look(t)
	want := []string{
		`redilock_lock_held{name="config",primitive="rwmutex"} 1`,
		`redilock_lock_held{name="slots",primitive="semaphore"} 1`,
		`redilock_lock_holders{name="config",primitive="rwmutex"} 1`,
		`redilock_lock_holders{name="slots",primitive="semaphore"} 2`,
		`redilock_lock_limit{name="slots",primitive="semaphore"} 5`,
		`redilock_lock_used{name="slots",primitive="semaphore"} 4`,
	}
	series := func() (all []string) {
		for _, name := range []string{"held", "holders", "limit", "used"} {
			all = append(all, b.series(t, "redilock_lock_"+name+"{")...)
		}
		return all
	}
	if d := cmp.Diff(want, series()); d != "" {
		t.Error(d)
	}
	id := base64.RawURLEncoding.EncodeToString([]byte("slots"))
	table, page := b.get(t, "/", http.StatusOK), b.get(t, "/lock/"+id, http.StatusOK)
	for _, words := range []string{"me &#43;1", ">4/5<", ">writer<"} {
		if !strings.Contains(table, words) {
			t.Errorf("no %s in the table", words)
		}
	}
	for _, words := range []string{">4/5<", "weight 3, fence " + fmt.Sprint(one.Fence()), "weight 1, fence"} {
		if !strings.Contains(page, words) {
			t.Errorf("no %s on the page", words)
		}
	}

	// One gives its permits back, and a mutex takes the other name: each change is counted by its kind.
	if err := one.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.server.Del("p:config")
	b.look(t)
	b.lock(t, "config")
	b.look(t)
	want = []string{
		`redilock_lock_held{name="config",primitive="mutex"} 1`, `redilock_lock_held{name="slots",primitive="semaphore"} 1`,
		`redilock_lock_holders{name="slots",primitive="semaphore"} 1`,
		`redilock_lock_limit{name="slots",primitive="semaphore"} 5`,
		`redilock_lock_used{name="slots",primitive="semaphore"} 1`,
	}
	if d := cmp.Diff(want, series()); d != "" {
		t.Error(d)
	}
	const released = `redilock_lock_changes_total{change="released",name="slots",primitive="semaphore"} 1`
	if got := b.series(t, released); len(got) != 1 {
		t.Errorf("no %s", released)
	}
}

// A walk counts a lock once, whichever of its companions are left, and finds those who wait for permits.
func TestWalkSemaphores(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.permits(t, "held", 1)
	b.permits(t, "counter lost", 5)
	b.permits(t, "waited for", 5)
	for _, name := range []string{"counter lost", "waited for"} {
		// By the script itself: a client that waits would ask again, and what is lost here would be its own.
		keys, err := semaphorev1.KeysOf("p:" + name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := semaphorev1.Acquire(t.Context(), b.rdb, keys, semaphorev1.AcquireArgs{
			Token: "waits", Lease: time.Minute, Limit: 5, Weight: 2, Presence: time.Minute,
		})
		if _, queued := r.(semaphorev1.AcquireQueued); !queued {
			t.Fatal(r, err)
		}
		b.server.Del("{p:" + name + "}:redilock:fence")
	}
	b.server.Del("p:waited for")
	got := make(map[string]string)
	w, err := walk(t.Context(), b.rdb, "p:", func(n listing.Name) { got[n.Name] = string(n.Kind) })
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"held": "", "counter lost": "semaphore", "waited for": "semaphore"}
	if d := cmp.Diff(want, got); d != "" || w.known != 3 {
		t.Errorf("%d known: %s", w.known, d)
	}
	// One that was a mutex, and was free at the last look.
	b.store.found(listing.Name{Name: "waited for"})
	b.store.apply(listing.Lock{Name: "waited for", State: state.State{Primitive: state.Mutex}})
	b.look(t)
	const series = `redilock_lock_waiting{name="waited for",primitive="semaphore"} 1`
	if got := b.series(t, series); len(got) != 1 {
		t.Errorf("no %s", series)
	}
}
