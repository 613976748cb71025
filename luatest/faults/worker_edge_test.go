package faults

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// stayTimeout is how long calls may go on whose client is closed under them.
const stayTimeout = 10 * time.Second

// client is the life of one client after the other; of one, unless Lives says that they end.
func (w *workerProcess) client(ctx context.Context, i int) error {
	for n := 0; n == 0 || w.Lives > 0 && ctx.Err() == nil; n++ {
		r := rand.New(rand.NewPCG(w.Seed, uint64(w.Who)<<48|uint64(n)<<32|uint64(i)<<16|1))
		rdb := w.redis()
		if w.Panics > 0 {
			rdb.AddHook(bitingHook{func() { w.bite("hook") }})
		}
		locks, err := redilock.New(rdb, w.options()...)
		if err != nil {
			return err
		}
		life, end := ctx, context.CancelFunc(func() {})
		if w.Lives > 0 {
			life, end = context.WithTimeout(ctx, w.Lives/2+upTo(r, w.Lives))
		}
		var callers sync.WaitGroup
		for k := range max(1, w.Callers) {
			r := rand.New(rand.NewPCG(w.Seed, uint64(n)<<48|uint64(w.Who)<<32|uint64(i)<<16|uint64(k)))
			callers.Go(func() {
				for life.Err() == nil {
					w.turn(ctx, rdb, locks, r, k)
				}
			})
		}
		if w.Lives > 0 && ctx.Err() == nil {
			<-life.Done()
			w.say(event{What: struck, Text: "a client is closed"})
			if r.IntN(2) == 0 { // the redis client alone, or the lock client first
				_ = rdb.Close()
			} else {
				_ = locks.Close()
			}
			done := make(chan struct{})
			go func() { callers.Wait(); close(done) }()
			select {
			case <-done:
			case <-time.After(stayTimeout):
				w.say(event{What: stranded, Text: fmt.Sprintf("calls go on %v after their client was closed", stayTimeout)})
				end()
				return nil
			}
		}
		callers.Wait()
		end()
		_ = locks.Close()
		_ = rdb.Close()
	}
	return nil
}

// options are those of a worker's lock client.
func (w *workerProcess) options() []redilock.Option {
	opts := []redilock.Option{redilock.WithOwner(fmt.Sprintf("worker-%d", w.Who))}
	if w.Log > 0 {
		opts = append(opts, redilock.WithLogger(slog.New(&slowHandler{Handler: slog.DiscardHandler, takes: w.Log})))
	}
	if w.Panics > 0 {
		opts = append(opts, redilock.WithTrace(everyEvent(func() { w.bite("trace") })))
	}
	return opts
}

// bite panics now and then.
func (w *workerProcess) bite(where string) {
	if rand.IntN(w.Panics) == 0 {
		w.say(event{What: struck, Text: "a panic in a " + where})
		panic("a callback of worker " + fmt.Sprint(w.Who))
	}
}

// everyEvent is a trace that calls do at every event.
func everyEvent(do func()) redilock.Trace {
	var t redilock.Trace
	v := reflect.ValueOf(&t).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		f.Set(reflect.MakeFunc(f.Type(), func([]reflect.Value) []reflect.Value { do(); return nil }))
	}
	return t
}

// slowHandler takes its time with each line, one after the other.
type slowHandler struct {
	slog.Handler
	takes time.Duration
	mu    sync.Mutex
}

func (*slowHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *slowHandler) Handle(context.Context, slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	time.Sleep(h.takes)
	return nil
}

// bitingHook is a hook that bites before each call, single or in a pipeline.
type bitingHook struct{ bite func() }

func (bitingHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h bitingHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			h.bite()
		}
		return next(ctx, cmd)
	}
}

func (h bitingHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() == "evalsha" {
			h.bite()
		}
		return next(ctx, cmds)
	}
}

// handle recovers a turn as net/http does its handlers, after it has given back what the turn held, as a handler's defer
// does.
func (w *workerProcess) handle(ctx context.Context, call int, name string, l **redilock.Lock) {
	if recover() == nil || *l == nil {
		return
	}
	w.say(event{Call: call, What: left, Name: name, Until: w.until(*l)})
	for range 5 { // which may panic again
		done := func() (done bool) {
			defer func() { _ = recover() }()
			_ = (*l).Unlock(ctx)
			return true
		}()
		if done {
			return
		}
	}
}
