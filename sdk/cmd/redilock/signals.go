package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interruptible gives a context that ends with the signals that ask a program to end.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		select {
		case s := <-signals:
			cancel(interrupted{s.(syscall.Signal)})
			// What still writes to a pipe that nobody reads cannot be told: it gets this long.
			time.Sleep(interruptLimit)
			os.Exit(statusSignal + int(s.(syscall.Signal)))
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// interruptLimit is how long a command may take to end when a signal asks it to. Giving a place in a queue back takes 2 s
// at the most.
const interruptLimit = 5 * time.Second

// notify asks for signals, except those that we were started to ignore: by nohup(1), or in the background of a script.
// The command of run inherits that.
func notify(to chan<- os.Signal, signals ...os.Signal) {
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(to, s)
		}
	}
}
