package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// Locker is what a worker asks for the lock: a client of its own, or one that it shares with other workers.
type Locker interface {
	Lock(ctx context.Context) (Held, error)
}

// Held is the lock while a worker has it.
type Held interface {
	Fence() int64
	Unlock(ctx context.Context) error
}

// lease is long enough for a machine that stutters, and short enough to see the end of a lock that was left behind.
const lease = 10 * time.Second

// sdkLocker is the lock of the real SDK.
type sdkLocker struct{ m *redilock.Mutex }

func (s sdkLocker) Lock(ctx context.Context) (Held, error) { return s.m.Lock(ctx) }

// NewLockers makes one Locker for each connection pool, as so many programs on so many machines would have, all of them
// for the lock called name.
func NewLockers(name string, rdbs []redis.UniversalClient, opts ...redilock.Option) ([]Locker, func(), error) {
	lockers := make([]Locker, len(rdbs))
	clients := make([]*redilock.Client, 0, len(rdbs))
	closeAll := func() {
		for _, c := range clients {
			_ = c.Close()
		}
	}
	for i, rdb := range rdbs {
		owner := redilock.WithOwner(fmt.Sprintf("redilock demo, client %s", clientName(i)))
		c, err := redilock.New(rdb, append(opts[:len(opts):len(opts)], owner)...)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		clients = append(clients, c)
		lockers[i] = sdkLocker{c.Mutex(name, lease, redilock.WithAutoExtend())}
	}
	return lockers, closeAll, nil
}

// Clients is over how many clients so many workers are spread: enough to see hand-offs between clients and inside one.
func Clients(workers int) int { return max(1, min((workers+1)/2, maxClients)) }

const maxClients = 8

func clientName(i int) string { return string(rune('A' + i)) }
