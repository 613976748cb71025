package state

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// Whatever a caller takes a name for, it is told what it is.
func TestAsk(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	client := func(owner string) *redilock.Client {
		c, err := redilock.New(rdb, redilock.WithOwner(owner))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	ctx := t.Context()
	one, two := client("one"), client("two")
	took := func(l *redilock.Lock, err error) *redilock.Lock {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	took(one.Mutex("mutex", time.Minute).TryLock(ctx))
	took(one.Semaphore("semaphore", 9, time.Minute).TryAcquire(ctx, 2))
	server.SetTime(time.Now().Add(time.Second)) // the lease of the second is the later one
	took(two.Semaphore("semaphore", 9, time.Hour).TryAcquire(ctx, 3))
	took(one.RWMutex("read", time.Minute, redilock.WithTurn(0)).TryRLock(ctx))
	took(two.RWMutex("read", time.Minute, redilock.WithTurn(0)).TryRLock(ctx))
	took(one.RWMutex("written", time.Minute).TryLock(ctx))
	gone := took(one.Mutex("free", time.Minute).TryLock(ctx))
	if err := gone.Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	rdb.LPush(ctx, "list", 1)
	rdb.ZAdd(ctx, "scores", redis.Z{Score: 1, Member: "x"})
	for _, kind := range []Primitive{Unknown, Mutex, Semaphore, RWMutex} {
		var got []string
		for _, name := range []string{"mutex", "semaphore", "read", "written", "free", "never", "list", "scores"} {
			s, err := Ask(ctx, one, name, kind)
			words := fmt.Sprintf("%s: %s, %s +%d, %q", name, s.Primitive, s.Owner, s.Others(), s.Used())
			if err != nil {
				words = fmt.Sprintf("%s: another type %t", name, errors.Is(err, redilock.ErrWrongType))
			}
			got = append(got, words)
			if name == "free" && s.Fence != gone.Fence() {
				t.Errorf("its last fence is %d", s.Fence)
			}
		}
		free := func(name string) string {
			if !kind.Counts() {
				return name + `: ,  +0, ""`
			}
			return fmt.Sprintf("%s: %s,  +0, %q", name, kind, "")
		}
		want := []string{
			`mutex: mutex, one +0, ""`, `semaphore: semaphore, one +1, "5/9"`, `read: rwmutex, one +1, "2 readers"`,
			`written: rwmutex, one +0, "writer"`, free("free"), free("never"), "list: another type true",
			"scores: another type true",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("taken for %q: %s", kind, d)
		}
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []Primitive{Unknown, Semaphore} {
		if _, err := Ask(ctx, one, "mutex", kind); !errors.Is(err, redilock.ErrClosed) {
			t.Errorf("on a closed client: %v", err)
		}
	}
}
