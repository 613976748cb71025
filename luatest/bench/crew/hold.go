package crew

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// holders is how many at once take the locks of Hold.
const holders = 32

const (
	takeTimeout  = 2 * time.Second
	takeAttempts = 5
)

// hold takes locks of different names and keeps them, says so, and tells what they cost in the window.
func (w *worker) hold() error {
	before, rss, routines := heap(), residentSet(), runtime.NumGoroutine()
	held := make([]contestant.Lock, w.task.Workers)
	next := make(chan int)
	var failed error
	var workers sync.WaitGroup
	for range min(holders, w.task.Workers) {
		workers.Go(func() {
			for i := range next {
				l, err := w.take(w.name(i))
				if err != nil {
					w.mu.Lock()
					failed = errors.Join(failed, err)
					w.mu.Unlock()
					continue
				}
				held[i] = l
			}
		})
	}
	for i := range held {
		time.Sleep(w.task.Step)
		next <- i
	}
	close(next)
	workers.Wait()
	if failed != nil {
		return failed
	}
	w.report.Bytes = heap() - before
	w.report.Routines = runtime.NumGoroutine() - routines
	if err := w.say(wordHeld); err != nil {
		return err
	}
	used := usageNow()
	began := time.Now()
	time.Sleep(w.task.Window)
	now := usageNow()
	w.report.Elapsed = time.Since(began).Seconds()
	w.report.CPU = now.cpu - used.cpu
	w.report.RSS = now.rss - rss
	runtime.KeepAlive(held)
	return nil
}

// take takes a free lock. A call that is not back in time is made anew: not every contestant comes back by itself.
func (w *worker) take(name string) (contestant.Lock, error) {
	for attempt := 0; ; attempt++ {
		// A context that ends with this call would give some contestants' locks back.
		ctx, cancel := context.WithCancel(context.Background())
		timer := time.AfterFunc(takeTimeout, cancel)
		l, err := w.client.Lock(ctx, name)
		if timer.Stop() && err == nil {
			return l, nil // see above: it is never cancelled
		}
		cancel()
		if attempt == takeAttempts {
			return nil, fmt.Errorf("a free lock was not granted %d times within %v: %w", attempt+1, takeTimeout, err)
		}
	}
}

// heap is what the Go heap and the goroutines' stacks hold after a collection.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}
