// Package contestant says what a contestant of the benchmark is: a library, and how it is used. Package roster has them all.
//
// Nothing is added to what a contestant does: a peer's own lock type is the [Lock], by conversion, so that no
// allocation and no goroutine is ours.
package contestant

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/redis/go-redis/v9"
)

// Primitive is what a contestant offers.
type Primitive string

// The primitives. Several libraries stand in the roster once for each that they offer.
const (
	Mutex     Primitive = "mutex"
	Semaphore Primitive = "semaphore"
	RWLock    Primitive = "rwlock"
)

// Client is a contestant as one process has it.
type Client interface {
	// Lock waits until the lock is ours or ctx ends. Of a semaphore it takes one permit, of a lock of readers and writers
	// it is the writer's.
	Lock(ctx context.Context, name string) (Lock, error)
	Close() error
}

// Reader is a Client of a lock of readers and writers.
type Reader interface {
	RLock(ctx context.Context, name string) (Lock, error)
}

// Lock is a lock that is held.
type Lock interface {
	Unlock(ctx context.Context) error
}

// Extender is a lock that its owner can extend by a call.
type Extender interface {
	Extend(ctx context.Context, ttl time.Duration) error
}

// Options are the terms that all contestants get.
type Options struct {
	Addr       string
	TTL        time.Duration
	Retry      time.Duration // how long those that poll wait between attempts
	AutoExtend bool          // hold the lock until Unlock
	Limit      int64         // of a semaphore
}

// Contestant is one library and how it is used here.
type Contestant struct {
	Primitive Primitive
	Name      string
	Module    string // whose version was measured; of a Command, the version itself
	About     string // how it waits
	Polls     bool   // waits by asking again and again
	Extend    bool   // its locks are [Extender]
	Auto      bool   // knows [Options.AutoExtend]
	// Key is the redis key that holds the lock of a name.
	Key func(name string) string
	New func(Options) (Client, error)
	// Command starts a worker of another program; it takes the task as its last argument.
	Command []string
	// Threads says that its workers are threads of an interpreter with one lock for all: it cannot have thousands.
	Threads bool
	// Warmup is how long it needs to get to its speed, beyond what all get.
	Warmup time.Duration
	// Missing says why it cannot run here.
	Missing string
}

// Ours is the one that the bars are about; Floor is what any lock must cost.
const (
	Ours           = "redilock"
	Strict         = "redilock strict"
	Before         = "ef75be5" // this SDK at that revision, before it had turns
	Floor          = "raw"
	Redsync        = "redsync"
	Redislock      = "redislock"
	Rueidislock    = "rueidislock"
	Python         = "python"
	Redisson       = "redisson"
	RedisSemaphore = "redis-semaphore"
	ZSet           = "zset by hand"
)

// Version is that of the module that was built in, or of the program.
func (c *Contestant) Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || c.Command != nil {
		return c.Module
	}
	for _, m := range info.Deps {
		if m.Path == c.Module && m.Replace == nil {
			return m.Version
		}
	}
	return "this tree"
}

// poolSize is more than go-redis gives by itself on two cores (20): with 64 workers none has to wait for a connection.
const poolSize = 64

// GoRedis is the same client for all that run on go-redis. A worker that waits for a connection does not fail.
func GoRedis(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, PoolSize: poolSize, PoolTimeout: time.Minute})
}

// ErrLost is the error of a release that found nothing to release, of those that have none of their own.
var ErrLost = errors.New("the lock was not ours any more")

// Between waits until it is time for the next attempt of one that polls.
func Between(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(Jitter(delay))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Jitter is half to one and a half of a delay, so that those who poll do not march in step.
func Jitter(delay time.Duration) time.Duration { return delay/2 + rand.N(delay+1) }
