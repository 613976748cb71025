package roster

import (
	"context"
	"time"

	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidislock"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// rueidislocks is rueidislock on one server, woken by client-side caching. It extends every lock by itself.
var rueidislocks = &contestant.Contestant{
	Primitive: contestant.Mutex,
	Name:      contestant.Rueidislock,
	About:     "woken by client-side caching; KeyMajority 1, NoLoopTracking, TryNextAfter 1 s; extends every lock",
	Module:    "github.com/redis/rueidis", Auto: true,
	Key: func(name string) string { return "rueidislock:0:" + name },
	New: func(o contestant.Options) (contestant.Client, error) {
		locker, err := rueidislock.NewLocker(rueidislock.LockerOption{
			ClientOption:   rueidis.ClientOption{InitAddress: []string{o.Addr}},
			KeyMajority:    1,
			NoLoopTracking: true,
			TryNextAfter:   time.Second, // of its default, 20 ms, a busy machine makes waits that nobody ends
			KeyValidity:    o.TTL,
			ExtendInterval: o.TTL / 3, // as ours; its default is a half
		})
		return rueidislockClient{locker}, err
	},
}

type rueidislockClient struct{ rueidislock.Locker }

type rueidislockLock context.CancelFunc

func (c rueidislockClient) Lock(ctx context.Context, name string) (contestant.Lock, error) {
	_, release, err := c.WithContext(ctx, name)
	if err != nil {
		return nil, err
	}
	return rueidislockLock(release), nil
}

func (c rueidislockClient) Close() error {
	c.Locker.Close()
	return nil
}

// Unlock says nothing of how it went: rueidislock does not.
func (l rueidislockLock) Unlock(context.Context) error {
	l()
	return nil
}
