package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/proxy"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/examples/fencedstore"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

const (
	// poll is how often the head of the queue asks, as the SDK has it by default.
	poll = 250 * time.Millisecond
	// presence is how long the server believes a waiter alive without hearing from it, as the SDK has it by default.
	presence = 6 * time.Second
	// slack is what a machine that is busy with other things may add to every bound. Times in which it stood still are
	// added on top, see stalls.
	slack = time.Second
	// lease is the TTL of the workers' locks, unless a row says otherwise.
	lease = 1 * time.Second
)

// rig is one run of a row: servers, workers, and what happened.
type rig struct {
	testing.TB
	row     *row
	exe     string
	seed    uint64
	full    bool
	rand    *rand.Rand
	journal *journal
	workers []*process
	admin   redis.UniversalClient // the row's own connection, with all rights: for the last look
	defect  string                // what the workers get wrong, for fixtures
	extra   error                 // what the row itself found
	lost    int                   // writes that the store accepted and another one overwrote unseen
}

// times is how often a row strikes: a few times in a quick run, more in a full one.
func (w *rig) times(quick, full int) int {
	if w.full {
		return full
	}
	return quick
}

// must ends the run with an error that is none of the lock's.
func (w *rig) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// server starts a server of the run's kind.
func (w *rig) server(args ...string) *server.Server {
	w.Helper()
	return server.StartT(w, server.Options{Executable: w.exe, Args: args})
}

// rights gives a connection to a server that may do anything, and by which the run looks at it when all is over.
func (w *rig) rights(s *server.Server) *redis.Client {
	rdb := redis.NewClient(s.RedisOptions())
	w.Cleanup(func() { _ = rdb.Close() })
	w.admin = rdb
	return rdb
}

// behind gives a proxy in front of a server.
func (w *rig) behind(addr string) *proxy.Proxy {
	w.Helper()
	p, err := proxy.New(addr)
	w.must(err)
	w.Cleanup(func() { _ = p.Close() })
	return p
}

// job is what workers do unless a row says otherwise.
func (w *rig) job(addrs ...string) job {
	return job{
		Seed: w.seed, Addrs: addrs, TTL: lease, Hold: 8 * time.Millisecond, Rest: 4 * time.Millisecond,
		Wait: 30 * time.Second, Callers: 2,
	}
}

// spawn starts so many workers with a job.
func (w *rig) spawn(n int, j job) []*process {
	w.Helper()
	if j.Store == "" {
		j.Store = w.store()
	}
	j.Defect = w.defect
	for range n {
		j.Who = len(w.workers) + 1
		p, err := spawn(j, w.journal)
		if errors.Is(err, errors.ErrUnsupported) {
			server.Missing(w, "no machine can be put to sleep here")
		}
		w.must(err)
		w.workers = append(w.workers, p)
	}
	return w.workers[len(w.workers)-n:]
}

// store is the folder of the run's store.
func (w *rig) store() string {
	if len(w.workers) > 0 {
		return w.workers[0].Store
	}
	dir, err := os.MkdirTemp("", "redilock-store")
	w.must(err)
	w.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// strike does the damage, and notes it.
func (w *rig) strike(what string, do func() error) int64 {
	w.Helper()
	if do != nil {
		w.must(do())
	}
	at := now()
	w.journal.add(event{At: at, What: struck, Text: what})
	return at
}

// settle waits until every worker has got a lock.
func (w *rig) settle() {
	w.Helper()
	w.everybody(now()-int64(time.Hour), presence+slack)
}

// recovered waits for the next grant after a fault, and notes how long it took; then for one to each worker, or it is
// stranded.
func (w *rig) recovered(since int64, bound time.Duration) {
	w.Helper()
	w.granted(since, bound)
	w.everybody(since, bound+presence)
}

// granted waits for the next grant after a fault, and notes how long that took.
func (w *rig) granted(since int64, bound time.Duration) {
	w.Helper()
	var first int64
	if !w.journal.await(bound+slack, func() bool {
		first = 0
		for _, at := range w.journal.grants {
			if at > since && (first == 0 || at < first) {
				first = at
			}
		}
		return first > 0
	}) {
		w.journal.add(event{What: stranded, Text: fmt.Sprintf("nobody got the lock within %v of the fault", bound+slack)})
		return
	}
	w.journal.add(event{What: back, Took: time.Duration(first - since)})
}

// everybody waits until each worker that lives has got a lock since then.
func (w *rig) everybody(since int64, bound time.Duration) {
	w.Helper()
	missing := 0
	if w.journal.await(bound+slack, func() bool {
		missing = 0
		for _, p := range w.workers {
			if !p.dead && w.journal.grants[p.Who] <= since {
				missing = p.Who
			}
		}
		return missing == 0
	}) {
		return
	}
	w.journal.add(event{What: stranded, Text: fmt.Sprintf("worker %d did not get the lock within %v", missing, bound+slack)})
}

// run lets the workers go on for a while.
func (w *rig) run(d time.Duration) { time.Sleep(d) }

// finish ends the workers, takes a last look at the server and the store, and judges.
func (w *rig) finish() verdict {
	w.Helper()
	if err := endAll(w.workers); err != nil {
		w.journal.add(event{What: stranded, Text: err.Error()})
	}
	if w.admin != nil {
		w.look()
	}
	if len(w.workers) > 0 {
		s := fencedstore.Open(w.store())
		for i := range max(1, w.workers[0].Names) {
			name := "x"
			if w.workers[0].Names > 1 {
				name = fmt.Sprintf("x%d", i)
			}
			entries, err := s.History(name)
			w.must(err)
			for _, e := range entries {
				w.journal.add(event{What: stored, Name: name, Fence: e.Fence})
			}
			if len(entries) > 0 {
				last, err := strconv.Atoi(entries[len(entries)-1].Value)
				w.must(err)
				w.lost += len(entries) - last // each of them added one to what it had read
			}
		}
	}
	return judge(w.journal.sorted(), w.row.declared)
}

// look takes each lock once more: it must be free within a lease, with nobody in front but the dead; and then nothing
// may be left but fences, which expire.
func (w *rig) look() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*(lease+presence)+slack)
	defer cancel()
	locks, err := redilock.New(w.admin, redilock.WithOwner("last look"))
	w.must(err)
	defer locks.Close()
	keys, err := w.keys(ctx)
	w.must(err)
	names := map[string]bool{"x": true}
	for _, key := range keys {
		name, _, _ := strings.Cut(strings.TrimPrefix(key, "{"), "}")
		names[name] = true
	}
	for name := range names {
		l, err := locks.Mutex(name, lease).Lock(ctx)
		if err != nil {
			w.journal.add(event{What: orphan, Text: fmt.Sprintf("%q cannot be locked after all: %v", name, err)})
			return
		}
		if err := l.Unlock(ctx); err != nil {
			w.journal.add(event{What: orphan, Text: fmt.Sprintf("%q cannot be unlocked after all: %v", name, err)})
		}
	}
	for ctx.Err() == nil {
		left, err := w.keys(ctx)
		if err == nil && len(left) == 0 {
			return
		}
		if err == nil {
			keys = left
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.journal.add(event{What: orphan, Text: fmt.Sprintf("left on the server: %q", keys)})
}

// keys lists what is on the server and is no fence.
func (w *rig) keys(ctx context.Context) ([]string, error) {
	var keys []string
	list := func(ctx context.Context, rdb *redis.Client) error {
		for cursor := uint64(0); ; {
			page, next, err := rdb.Scan(ctx, cursor, "*", 10000).Result()
			if err != nil {
				return err
			}
			ttls, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
				for _, key := range page {
					p.TTL(ctx, key)
				}
				return nil
			})
			if err != nil {
				return err
			}
			for i, key := range page {
				mayStay := strings.HasSuffix(key, ":redilock:fence") || w.row.halves && strings.Contains(key, ":redilock:")
				if !mayStay || ttls[i].(*redis.DurationCmd).Val() < 0 {
					keys = append(keys, key)
				}
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	}
	if c, ok := w.admin.(*redis.ClusterClient); ok {
		err := c.ForEachMaster(ctx, list)
		return keys, err
	}
	err := list(ctx, w.admin.(*redis.Client))
	return keys, err
}
