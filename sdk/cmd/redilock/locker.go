package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// locker is a lock client for one lock, and what is known of the server meanwhile.
type locker struct {
	app      *app
	name     string // the lock's, as the command line has it
	client   *redilock.Client
	close    func()
	enqueued chan struct{} // closed when the server has said that the lock is held

	lastFailure atomic.Pointer[error] // of a renewal
	abandoned   bool                  // the server does not answer: it is not waited for any longer
}

// locker makes a lock client that notes what the server answers.
func (a *app) locker(name string, opts ...redilock.Option) (*locker, error) {
	k := &locker{app: a, name: name, enqueued: make(chan struct{})}
	var once sync.Once
	opts = append(opts, redilock.WithTrace(redilock.Trace{
		Enqueued: func(_ context.Context, e redilock.Event) {
			once.Do(func() { close(k.enqueued) })
			a.log.Info("waiting", "lock", e.Name)
		},
		ExtendFailed: func(_ context.Context, e redilock.Event) { k.lastFailure.Store(&e.Err) },
	}))
	c, closeClient, err := a.client(opts...)
	if err != nil {
		return nil, err
	}
	k.client = c
	k.close = func() {
		closed := make(chan struct{})
		go func() { closeClient(); close(closed) }()
		limit := closeLimit
		if k.abandoned { // it waits for an answer as well, to give back what the call may have brought
			limit = silentLimit
		}
		select {
		case <-closed:
		case <-time.After(limit):
		}
	}
	return k, nil
}

// failure is why the last renewal failed, if one did.
func (k *locker) failure() error {
	if p := k.lastFailure.Load(); p != nil {
		return errors.New(k.app.words(*p))
	}
	return nil
}

// answers asks whether the server still answers, after a wait that brought nothing.
func (k *locker) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), minAnswer)
	defer cancel()
	answered := make(chan bool, 1)
	go func() {
		_, err := k.client.Inspect(ctx, k.name)
		answered <- err == nil || errors.Is(err, redilock.ErrWrongType) // so it is a semaphore
	}()
	select {
	case ok := <-answered:
		return ok
	case <-ctx.Done():
		return false
	}
}
