//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/child"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// supervisor watches over a command and its lock: the one must not outlive the other.
type supervisor struct {
	lock      *redilock.Lock
	killAfter time.Duration
	log       *slog.Logger

	maxHold     time.Duration // 0: none
	maxHoldEnd  time.Time
	lastFailure func() error // why the lease could not be renewed, if that is known

	process  *child.Process
	terminal *child.Terminal
	signals  chan os.Signal

	ending bool // the lock is gone, or about to be: TERM was sent
	why    error
	killAt time.Time
}

// rekill is how soon a group that was killed is killed again, in case it forked in between.
const rekill = 20 * time.Millisecond

func newSupervisor(l *redilock.Lock, killAfter time.Duration, log *slog.Logger) *supervisor {
	return &supervisor{lock: l, killAfter: killAfter, log: log, signals: make(chan os.Signal, 32)}
}

// run runs the command to its end, releases the lock and gives the exit status.
func (s *supervisor) run(c child.Command) error {
	notify(s.signals, forwarded...)
	notify(s.signals, syscall.SIGTSTP)
	defer signal.Stop(s.signals)
	process, err := child.Start(c)
	if err != nil {
		return errors.Join(cannotRun(c.Args[0], err), s.lock.Unlock(context.Background()))
	}
	s.process = process
	s.log.Info("started", "command", c.Args[0], "group", process.Group())
	s.terminal = child.OpenTerminal()
	code := s.watch()
	s.clear()
	s.terminal.Close(process)
	return s.conclude(code)
}

// watch passes signals and time on until the command has ended, and gives its exit status.
func (s *supervisor) watch() int {
	lost := s.lock.Context().Done()
	timer := time.NewTimer(s.next())
	defer timer.Stop()
	for {
		select {
		case e := <-s.process.Events():
			if e.Stopped == 0 {
				s.log.Info("ended", "status", e.Code)
				return e.Code
			}
			s.stopped(e.Stopped)
		case sig := <-s.signals:
			s.pass(sig.(syscall.Signal))
		case <-lost:
			lost = nil
			s.end()
		case <-timer.C:
		}
		s.tick()
		timer.Reset(s.next())
	}
}

// next is how long nothing has to be done, unless something happens.
func (s *supervisor) next() time.Duration {
	switch {
	case !s.ending:
		return time.Until(s.lock.Deadline().Add(-s.killAfter))
	case time.Now().Before(s.killAt):
		return time.Until(s.killAt)
	default:
		return rekill
	}
}

// tick does what the clock says.
func (s *supervisor) tick() {
	now := time.Now()
	if !s.ending && !now.Before(s.lock.Deadline().Add(-s.killAfter)) {
		s.end()
	}
	if s.ending && !now.Before(s.killAt) {
		s.process.Kill()
	}
}

// end asks the command to end, because its lock is lost or about to be. Once begun there is no way back: a command
// that is told to end twice, or half, is worse than one that ends.
func (s *supervisor) end() {
	if s.ending {
		return
	}
	s.ending = true
	now, deadline := time.Now(), s.lock.Deadline()
	s.killAt = deadline
	switch {
	case s.lock.Context().Err() != nil && now.Before(deadline): // somebody else may have it already
		s.why = errors.New("somebody took the lock away")
		s.killAt = earliest(deadline, now.Add(s.killAfter))
	case s.maxHold > 0 && !deadline.Before(s.maxHoldEnd.Add(-maxHoldSlack)):
		s.why = fmt.Errorf("it was held for its maximum of %s", short(s.maxHold))
	default:
		s.why = errors.New("its lease could not be renewed in time")
		if err := s.lastFailure(); err != nil {
			s.why = fmt.Errorf("%w: %w", s.why, err)
		}
	}
	if now.Before(s.killAt) {
		s.log.Info("ending the command", "lock", s.lock.Name(), "why", s.why, "kill_in", s.killAt.Sub(now))
		s.process.Signal(syscall.SIGTERM)
	}
}

// maxHoldSlack is how far the end of a maximal hold, reckoned here, may be from the SDK's.
const maxHoldSlack = 100 * time.Millisecond

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// pass gives a signal to the command.
func (s *supervisor) pass(sig syscall.Signal) {
	s.log.Info("passing on", "signal", sig)
	s.process.Signal(sig)
}

// stopped deals with a command that was stopped, and continues it only if its lock is still there.
func (s *supervisor) stopped(sig syscall.Signal) {
	if !s.terminal.Stopped(s.process, sig) {
		return
	}
	if time.Now().Before(s.lock.Deadline()) && s.lock.Context().Err() == nil {
		s.terminal.Continue(s.process)
	}
}

// clear ends what the command has left of its group.
func (s *supervisor) clear() {
	if s.ending {
		s.process.Sweep(max(time.Until(s.killAt), 0), nil)
		s.process.Finish()
		return
	}
	patience := min(s.killAfter, max(time.Until(s.lock.Deadline()), 0))
	if s.process.Sweep(patience, s.lock.Context().Done()) {
		s.log.Info("ended what the command left behind")
	}
}

// conclude releases the lock and gives the exit status.
func (s *supervisor) conclude(code int) error {
	if s.ending {
		if time.Now().Before(s.lock.Deadline()) && s.lock.Context().Err() == nil {
			_ = s.lock.Unlock(context.Background()) // if it can be had sooner, the better
		}
		return exit{statusLost, fmt.Errorf("lost %q: %w; the command was ended", s.lock.Name(), s.why)}
	}
	err := s.lock.Unlock(context.Background())
	switch {
	case err == nil:
		s.log.Info("released", "lock", s.lock.Name(), "fence", s.lock.Fence())
	case errors.Is(err, redilock.ErrLost):
		return exit{statusLost, fmt.Errorf("lost %q before the command ended with status %d: somebody else may have had it",
			s.lock.Name(), code)}
	default:
		s.log.Warn(fmt.Sprintf("could not release %q, it frees itself in %s: %v", s.lock.Name(),
			short(time.Until(s.lock.Deadline())), bare(err)))
	}
	if code == 0 {
		return nil
	}
	return exit{code: code}
}
