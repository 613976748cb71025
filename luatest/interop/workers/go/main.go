// The command worker is a contestant of the interop matrix: worker KIND HOST PORT. Package interop has the protocol.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bsm/redislock"
	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

const (
	lease    = 5 * time.Second
	poll     = 2 * time.Millisecond
	patience = 30 * time.Second
)

// turn takes the lock, and raises the counter under it. The fence is 0 where there is none.
type turn func(ctx context.Context, key, counter string) (value, fence int64, err error)

var (
	once   sync.Once
	locks  *redilock.Client
	failed error
)

var kinds = map[string]struct {
	module string
	make   func(rdb *redis.Client) (turn, error)
}{
	"sdk":           {"github.com/zferentz/go-redilock", sdk},
	"redsync":       {"github.com/go-redsync/redsync/v4", redsyncTurn},
	"bsm/redislock": {"github.com/bsm/redislock", bsmTurn},
	"no lock":       {"", noLock},
}

func main() {
	if err := run(os.Args[1], net.JoinHostPort(os.Args[2], os.Args[3])); err != nil {
		fmt.Println("fail", err)
		os.Exit(1)
	}
}

func run(kind, address string) error {
	chosen, ok := kinds[kind]
	if !ok {
		return fmt.Errorf("no kind %q", kind)
	}
	rdb := redis.NewClient(&redis.Options{Addr: address})
	defer rdb.Close()
	take, err := chosen.make(rdb)
	if err != nil {
		return err
	}
	fmt.Println("ready", version(chosen.module))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		value, fence, err := answer(rdb, kind, take, words)
		if err != nil {
			fmt.Println("fail", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Println("done", value, fence)
	}
	return lines.Err()
}

func answer(rdb *redis.Client, kind string, take turn, words []string) (value, fence int64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if words[0] == "turn" {
		return take(ctx, words[1], words[2])
	}
	limit, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return 0, 0, err
	}
	weight, err := strconv.ParseInt(words[3], 10, 64)
	if err != nil {
		return 0, 0, err
	}
	use := func(ctx context.Context, l *redilock.Lock) error {
		if l != nil {
			fence = l.Fence()
		}
		if value, err = rdb.IncrBy(ctx, words[4], weight).Result(); err != nil {
			return err
		}
		time.Sleep(2 * time.Millisecond)
		return rdb.DecrBy(ctx, words[4], weight).Err()
	}
	if kind == "no lock" {
		err = use(ctx, nil)
		return value, 0, err
	}
	locks, err := client(rdb)
	if err != nil {
		return 0, 0, err
	}
	err = locks.Semaphore(words[1], limit, lease).Do(ctx, weight, use)
	return value, fence, err
}

// version is that of a module of this program.
func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == module && dep.Replace == nil {
			return module + " " + dep.Version
		}
	}
	return module
}

// client is one for the whole process.
func client(rdb *redis.Client) (*redilock.Client, error) {
	once.Do(func() {
		// Foreign locks wake nobody, so the poll is as short as theirs.
		locks, failed = redilock.New(rdb, redilock.WithPollInterval(poll))
	})
	return locks, failed
}

func sdk(rdb *redis.Client) (turn, error) {
	locks, err := client(rdb)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, key, counter string) (value, fence int64, err error) {
		err = locks.Do(ctx, key, lease, func(_ context.Context, l *redilock.Lock) error {
			fence = l.Fence()
			value, err = raise(counter)
			return err
		})
		return value, fence, err
	}, nil
}

func redsyncTurn(rdb *redis.Client) (turn, error) {
	locks := redsync.New(goredis.NewPool(rdb))
	return func(ctx context.Context, key, counter string) (int64, int64, error) {
		m := locks.NewMutex(key,
			redsync.WithExpiry(lease), redsync.WithRetryDelay(poll), redsync.WithTries(int(patience/poll)))
		if err := m.LockContext(ctx); err != nil {
			return 0, 0, err
		}
		value, err := raise(counter)
		if ok, unlockErr := m.UnlockContext(ctx); err == nil && !ok {
			err = unlockErr
		}
		return value, 0, err
	}, nil
}

func bsmTurn(rdb *redis.Client) (turn, error) {
	locks := redislock.New(rdb)
	return func(ctx context.Context, key, counter string) (int64, int64, error) {
		l, err := locks.Obtain(ctx, key, lease, &redislock.Options{RetryStrategy: redislock.LinearBackoff(poll)})
		if err != nil {
			return 0, 0, err
		}
		value, err := raise(counter)
		if releaseErr := l.Release(ctx); err == nil {
			err = releaseErr
		}
		return value, 0, err
	}, nil
}

// noLock is what the matrix must find out.
func noLock(*redis.Client) (turn, error) {
	return func(_ context.Context, _, counter string) (int64, int64, error) {
		value, err := raise(counter)
		return value, 0, err
	}, nil
}

func raise(counter string) (int64, error) {
	text, err := os.ReadFile(counter)
	if err != nil {
		return 0, err
	}
	value, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, err
	}
	value++
	time.Sleep(time.Millisecond)
	return value, os.WriteFile(counter, strconv.AppendInt(nil, value, 10), 0o600)
}
