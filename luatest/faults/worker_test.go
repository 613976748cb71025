package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/examples/fencedstore"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// jobEnv makes the test binary a worker.
const jobEnv = "REDILOCK_FAULTS_JOB"

// job is what a worker does until its standard input ends: each of its callers takes a lock, works, and gives it back.
type job struct {
	Who   int
	Seed  uint64
	Store string // the folder of the fenced store

	Addrs    []string // of one server, or of a cluster, or of Sentinels
	Cluster  bool
	Sentinel string // the name of the group
	User     string
	Password string

	Clients int // of one caller each unless Callers says more
	Callers int
	Names   int // the callers choose among so many locks
	TTL     time.Duration
	Hold    time.Duration // the longest that a caller works
	Rest    time.Duration // the longest that it does nothing
	Wait    time.Duration // the longest that it waits for the lock
	Try     bool          // TryLock now and then
	Auto    bool          // WithAutoExtend
	Extend  bool          // extends while it works

	ReadTimeout time.Duration // of the redis client; 0: go-redis' own
	Steady      bool          // works for all of Hold, unless the lock ends
	Own         bool          // each caller has a lock of its own
	Sleeps      bool          // on a machine that can be put to sleep
	Lives       time.Duration // about how long each of its clients lives
	Panics      int           // one in so many of its callbacks panics
	Log         time.Duration // what its log takes for a line

	Pause int // so many times it stops its own process between the check of its context and its write

	Defect string // what a fixture gets wrong; empty: nothing
}

// What fixtures get wrong, each to be found.
const (
	careless   = "careless"   // goes on working when the lock is lost
	marginless = "marginless" // counts the lease from when the reply came
	rude       = "rude"       // gives a lock back without looking whose it is
	unchecked  = "unchecked"  // writes to the store without the fence
	leaky      = "leaky"      // takes the lock for an hour, and never unlocks
)

// workerProcess is the life of a worker process.
type workerProcess struct {
	job
	calls  atomic.Int64
	pauses atomic.Int64
	store  *fencedstore.Store
	out    sync.Mutex
}

func work(text string) error {
	redis.SetLogger(silent{})
	w := &workerProcess{}
	if err := json.Unmarshal([]byte(text), &w.job); err != nil {
		return err
	}
	w.store = fencedstore.Open(w.Store)
	if w.Defect == unchecked {
		w.store = fencedstore.OpenUnchecked(w.Store)
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	var clients sync.WaitGroup
	failures := make(chan error, max(1, w.Clients))
	for i := range max(1, w.Clients) {
		clients.Go(func() { failures <- w.client(ctx, i) })
	}
	clients.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func (w *workerProcess) redis() redis.UniversalClient {
	o := &redis.UniversalOptions{
		Addrs: w.Addrs, MasterName: w.Sentinel, IsClusterMode: w.Cluster, Username: w.User, Password: w.Password,
		ReadTimeout: w.ReadTimeout,
	}
	return redis.NewUniversalClient(o)
}

func (w *workerProcess) say(e event) {
	e.Who = w.Who
	if e.At == 0 {
		e.At = now()
	}
	line, err := json.Marshal(e)
	if err != nil {
		panic(err) // it is a struct of our own
	}
	w.out.Lock()
	defer w.out.Unlock()
	_, _ = os.Stdout.Write(append(line, '\n')) // one write: whole, even if we are killed
}

// upTo gives a random time, at the most d.
func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d) + 1)) }

// turn is one call of Lock and what follows.
func (w *workerProcess) turn(
	ctx context.Context, rdb redis.UniversalClient, locks *redilock.Client, r *rand.Rand, caller int,
) {
	call := int(w.calls.Add(1))
	name := "x"
	if w.Own {
		name = fmt.Sprintf("x%d-%d", w.Who, caller)
	}
	if w.Names > 1 {
		name = "x" + strconv.Itoa(r.IntN(w.Names))
	}
	var opts []redilock.LockOption
	if w.Auto {
		opts = append(opts, redilock.WithAutoExtend())
	}
	ttl := w.TTL
	if w.Defect == leaky {
		ttl = time.Hour
	}
	m := locks.Mutex(name, ttl, opts...)
	limited, cancel := context.WithTimeout(ctx, w.Wait)
	defer cancel()
	lock := m.Lock
	if w.Try && r.IntN(4) == 0 {
		lock = m.TryLock
	}
	w.say(event{Call: call, What: called, Name: name})
	var l *redilock.Lock
	if w.Panics > 0 {
		defer w.handle(ctx, call, name, &l)
	}
	l, err := lock(limited)
	if err != nil {
		w.failed(call, name, err)
		rest(ctx, upTo(r, w.Rest)+5*time.Millisecond)
		return
	}
	believed := w.until(l)
	w.say(event{Call: call, What: granted, Name: name, Fence: l.Fence(), Until: believed})
	w.section(ctx, call, l, r)
	switch w.Defect {
	case leaky:
		<-ctx.Done()
		return // and forgets it
	case marginless:
		time.Sleep(time.Duration(believed - now()))
	case rude:
		time.Sleep(time.Until(l.Deadline()) + w.TTL/2) // too late
		_ = rdb.Del(ctx, name).Err()
	default:
		believed = w.until(l)
	}
	w.say(event{Call: call, What: left, Name: name, Until: believed})
	if err := l.Unlock(ctx); err != nil {
		w.failed(call, name, err)
	} else {
		w.say(event{Call: call, What: unlocked, Name: name})
	}
	rest(ctx, upTo(r, w.Rest))
}

// until is when the lock's deadline is, on the machine's clock.
func (w *workerProcess) until(l *redilock.Lock) int64 {
	switch w.Defect {
	case careless:
		return math.MaxInt64
	case marginless:
		return now() + int64(w.TTL)
	}
	return now() + int64(time.Until(l.Deadline()))
}

// section is the work under a lock: it reads the store, takes its time, and writes one more than it has read.
func (w *workerProcess) section(ctx context.Context, call int, l *redilock.Lock, r *rand.Rand) {
	old, err := w.store.Read(l.Name())
	if err != nil {
		w.failed(call, l.Name(), err)
		return
	}
	if w.Extend && r.IntN(2) == 0 {
		if err := l.Extend(ctx, w.TTL+time.Duration(r.IntN(100))*time.Millisecond); err != nil {
			w.failed(call, l.Name(), err)
		}
	}
	held := l.Context()
	hold := upTo(r, w.Hold)
	if w.Steady {
		hold = w.Hold
	}
	busy := time.NewTimer(hold)
	defer busy.Stop()
	if w.Defect == careless {
		<-busy.C
	} else {
		select {
		case <-held.Done():
		case <-busy.C:
		}
		if held.Err() != nil {
			return // it must not write any more, and knows it
		}
	}
	if r.IntN(5) == 0 && w.pauses.Add(1) <= int64(w.Pause) {
		w.say(event{Call: call, What: paused, Name: l.Name(), Fence: l.Fence()})
		stop() // here nothing can be noticed any more
	}
	n, _ := strconv.Atoi(old.Value)
	err = w.store.Write(l.Name(), strconv.Itoa(n+1), l.Fence())
	switch {
	case errors.Is(err, fencedstore.ErrStale):
		w.say(event{Call: call, What: refused, Name: l.Name(), Fence: l.Fence()})
	case err != nil:
		w.failed(call, l.Name(), err)
	}
}

// stop stops the process until somebody lets it go on. The stop may reach another thread first: this one waits for the end.
func stop() {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	<-goesOn
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

const untypedError = "untyped"

func (w *workerProcess) failed(call int, name string, err error) {
	w.say(event{Call: call, What: failed, Name: name, Err: kind(err), Text: err.Error()})
}

// kind names what an error of the SDK is. All of them are of one of these kinds.
func kind(err error) string {
	var e *redilock.Error
	if !errors.As(err, &e) {
		return untypedError
	}
	for _, k := range []struct {
		name string
		err  error
	}{
		{"held", redilock.ErrHeld}, {"lost", redilock.ErrLost}, {"unlocked", redilock.ErrUnlocked},
		{"closed", redilock.ErrClosed}, {"nested", redilock.ErrNested}, {"denied", redilock.ErrDenied},
		{"wrong type", redilock.ErrWrongType}, {"invalid", redilock.ErrInvalid},
		{"unavailable", redilock.ErrUnavailable},
		{"cancelled", context.Canceled}, {"timeout", context.DeadlineExceeded},
	} {
		if errors.Is(err, k.err) {
			return k.name
		}
	}
	return untypedError
}
