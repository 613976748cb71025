package redilock_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// TestRWMutexReadersEnterTogether: 100 readers of one client that wait for a writer go in with a few round trips, each with
// a fence of its own, and the last one out lets the next writer in.
func TestRWMutexReadersEnterTogether(t *testing.T) {
	bubble(t, func(w *world) {
		c, calls := w.counted()
		m := c.RWMutex("x", time.Minute)
		writer, err := m.Lock(w.ctx)
		w.must(err)
		var in, all sync.WaitGroup
		var mu sync.Mutex
		fences := map[int64]bool{}
		leave := make(chan struct{})
		in.Add(100)
		for range 100 {
			all.Go(func() {
				l, err := m.RLock(w.ctx)
				w.must(err)
				mu.Lock()
				fences[l.Fence()] = true
				mu.Unlock()
				if l.Fence() <= writer.Fence() {
					w.Errorf("a reader's fence %d, the writer's %d", l.Fence(), writer.Fence())
				}
				in.Done()
				<-leave
				w.must(l.Unlock(w.ctx))
			})
		}
		synctest.Wait()
		time.Sleep(time.Second)
		calls.Store(0)
		w.must(writer.Unlock(w.ctx))
		in.Wait()
		if n := calls.Load(); n > 4 { // the release, and another question where the numbers of a grant are used up
			w.Errorf("it took %d calls to let 100 readers in", n)
		}
		if len(fences) != 100 {
			w.Errorf("%d fences of 100 readers", len(fences))
		}
		next := make(chan *redilock.Lock)
		go func() {
			l, err := m.Lock(w.ctx)
			w.must(err)
			next <- l
		}()
		time.Sleep(time.Second)
		_, err = m.TryRLock(w.ctx)
		want(w.T, "a reader past a writer that waits", err, redilock.ErrHeld)
		close(leave)
		w.must((<-next).Unlock(w.ctx))
		all.Wait()
		w.left()
	})
}

// TestRWMutexExcludes: readers and writers of two clients: a writer is alone, both progress, and no reader passes a writer
// of its own client that came before.
func TestRWMutexExcludes(t *testing.T) {
	bubble(t, func(w *world) {
		var readers, writers, most, read, written atomic.Int64
		var all sync.WaitGroup
		ctx, stop := context.WithTimeout(w.ctx, 2*time.Second)
		defer stop()
		for c := range 2 {
			m := w.client().RWMutex("x", time.Minute)
			for i := range 12 {
				all.Go(func() {
					for ctx.Err() == nil {
						if i%4 == 0 {
							w.must(m.Do(w.ctx, func(context.Context, *redilock.Lock) error {
								if writers.Add(1) != 1 || readers.Load() != 0 {
									w.Error("a writer is not alone")
								}
								time.Sleep(time.Duration(i%3) * time.Millisecond)
								writers.Add(-1)
								written.Add(1)
								return nil
							}))
							continue
						}
						w.must(m.RDo(w.ctx, func(context.Context, *redilock.Lock) error {
							n := readers.Add(1)
							if writers.Load() != 0 {
								w.Error("a reader beside a writer")
							}
							if n > most.Load() {
								most.Store(n)
							}
							time.Sleep(time.Duration(c+i) * time.Millisecond)
							readers.Add(-1)
							read.Add(1)
							return nil
						}))
					}
				})
			}
		}
		all.Wait()
		if most.Load() < 6 || read.Load() < 100 || written.Load() < 100 {
			w.Errorf("%d readers at once, %d reads, %d writes", most.Load(), read.Load(), written.Load())
		}
		w.left()
	})
}

// TestRWMutexDowngrade: a writer becomes a reader without anybody in between, and only a writer can.
func TestRWMutexDowngrade(t *testing.T) {
	bubble(t, func(w *world) {
		a, b := w.client(), w.client()
		m := a.RWMutex("x", time.Minute)
		l, err := m.Lock(w.ctx)
		w.must(err)
		type got struct {
			l   *redilock.Lock
			who string
		}
		in := make(chan got, 4)
		for _, c := range []*redilock.Client{a, b} {
			go func() {
				r, err := c.RWMutex("x", time.Minute).RLock(w.ctx)
				w.must(err)
				in <- got{r, "a reader"}
			}()
			synctest.Wait()
		}
		go func() {
			r, err := m.Lock(w.ctx)
			w.must(err)
			in <- got{r, "a writer"}
		}()
		synctest.Wait()
		time.Sleep(time.Second)
		w.must(l.Downgrade(w.ctx))
		if l.Weight() != 1 {
			w.Errorf("its weight is %d", l.Weight())
		}
		start := time.Now()
		one, two := <-in, <-in
		if one.who != "a reader" || two.who != "a reader" || time.Since(start) > 100*time.Millisecond {
			w.Errorf("%s and %s went in, after %v", one.who, two.who, time.Since(start))
		}
		want(w.T, "again", l.Downgrade(w.ctx), redilock.ErrInvalid)
		want(w.T, "a reader's", one.l.Downgrade(w.ctx), redilock.ErrInvalid)
		for _, r := range []*redilock.Lock{l, one.l, two.l} {
			w.must(r.Unlock(w.ctx))
		}
		w.must((<-in).l.Unlock(w.ctx))
		w.left()
	})
}

// TestRWMutexShared: what the members of a shared grant have in common, and what each has for itself.
func TestRWMutexShared(t *testing.T) {
	bubble(t, func(w *world) {
		var released atomic.Int64
		c, calls := w.counted(redilock.WithTrace(redilock.Trace{Released: func(_ context.Context, e redilock.Event) {
			if e.Primitive != "rwmutex" {
				w.Errorf("released a %q", e.Primitive)
			}
			released.Add(1)
		}}))
		m := c.RWMutex("x", time.Minute)
		w.must(m.RDo(w.ctx, func(context.Context, *redilock.Lock) error { return nil })) // from now on there is a counter
		time.Sleep(time.Second)
		var readers []*redilock.Lock
		calls.Store(0)
		for range 3 {
			l, err := m.RLock(w.ctx)
			w.must(err)
			readers = append(readers, l)
		}
		if n := calls.Load(); n != 1 {
			w.Errorf("%d calls for three readers", n)
		}
		ctx := readers[1].Context()
		w.must(readers[0].Unlock(w.ctx))
		want(w.T, "again", readers[0].Unlock(w.ctx), redilock.ErrUnlocked)
		if err := ctx.Err(); err != nil {
			w.Errorf("another reader's context: %v", err)
		}
		w.must(readers[2].Unlock(w.ctx))
		_, err := m.TryLock(w.ctx)
		want(w.T, "a writer beside the last reader", err, redilock.ErrHeld)
		w.server.Del("x")
		want(w.T, "the last one", readers[1].Unlock(w.ctx), redilock.ErrTaken)
		if n := released.Load(); n != 3 {
			w.Errorf("%d were told to be released, of 3", n)
		}
		time.Sleep(2 * time.Second)
		w.left()
	})
}

// TestRWMutexManyAreAdmitted: more waiters fit than the server admits in one call: the release is repeated at once for the
// others, and its own outcome stays what it was.
func TestRWMutexManyAreAdmitted(t *testing.T) {
	bubble(t, func(w *world) {
		writer, err := w.client().RWMutex("x", time.Minute).Lock(w.ctx)
		w.must(err)
		const readers = 70
		var in sync.WaitGroup
		leave := make(chan struct{})
		var all sync.WaitGroup
		in.Add(readers)
		for range readers {
			m := w.client(redilock.WithPollInterval(15*time.Second)).RWMutex("x", time.Minute)
			all.Go(func() {
				l, err := m.RLock(w.ctx)
				w.must(err)
				in.Done()
				<-leave
				w.must(l.Unlock(w.ctx))
			})
		}
		time.Sleep(time.Second)
		start := time.Now()
		w.must(writer.Unlock(w.ctx))
		in.Wait()
		if took := time.Since(start); took > time.Second {
			w.Errorf("the last of them went in after %v", took)
		}
		close(leave)
		all.Wait()
		w.left()
	})
}
