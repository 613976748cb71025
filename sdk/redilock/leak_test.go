package redilock_test

import (
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// A closed client leaves no goroutine behind, whatever it was doing. Not parallel: it looks at the whole process.
func TestCloseLeaksNothing(t *testing.T) {
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	before := goleak.IgnoreCurrent()
	c, err := redilock.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	other, err := redilock.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	held, err := c.Mutex("a", time.Minute, redilock.WithAutoExtend()).Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan error)
	for _, locks := range []*redilock.Client{c, other, other} { // behind the holder, in the server's queue, behind it
		go func() {
			_, err := locks.Mutex("a", time.Minute).Lock(t.Context())
			waits <- err
		}()
	}
	eventually(t, 5*time.Second, "a subscription", func() bool { return len(server.PubSubChannels("")) == 1 })
	for _, locks := range []*redilock.Client{c, other} {
		if err := locks.Close(); err != nil {
			t.Error(err)
		}
	}
	for range 3 {
		if err := <-waits; !errors.Is(err, redilock.ErrClosed) {
			t.Error(err)
		}
	}
	if err := held.Unlock(t.Context()); err != nil {
		t.Error(err)
	}
	if err := rdb.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}
