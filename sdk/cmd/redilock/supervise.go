//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/child"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// supervisor watches over a command and its lock: the one must not outlive the other.
type supervisor struct {
	lock        *redilock.MultiLock
	name        string // the lock's, or the locks'
	killAfter   time.Duration
	untilAllEnd bool
	log         *slog.Logger

	maxHold     time.Duration // 0: none
	maxHoldEnd  time.Time
	holdUntil   time.Time    // not to be released before
	lastFailure func() error // why the lease could not be renewed, if that is known

	process  *child.Process
	terminal *child.Terminal
	signals  chan os.Signal // the same from the start of the program to its end

	told   bool // a signal asked the command to end
	ending bool // the lock is gone, or about to be: TERM was sent
	why    error
	killAt time.Time
	left   []child.Left // what could not be ended
}

const (
	// rekill is how soon what was killed is killed again, in case it forked in between.
	rekill = 20 * time.Millisecond
	// killLimit is how long what was killed may take to end before it counts as something that cannot be ended.
	killLimit = 2 * time.Second
)

// after says what happened. It is called after what had to be done about it: it never waits, but it costs time.
func (s *supervisor) after(message string, args ...any) { s.log.Info(message, args...) }

// run runs the command to its end, releases the lock and gives the exit status.
func (s *supervisor) run(launcher *child.Launcher, c child.Command) error {
	notify(s.signals, syscall.SIGTSTP, syscall.SIGWINCH) // for one that only writes to the terminal
	if sig := s.pending(); sig != 0 {
		return errors.Join(interrupted{sig}, s.lock.Unlock(context.Background()))
	}
	process, err := launcher.Start(c)
	if err != nil {
		return errors.Join(cannotRun(c.Args[0], err), s.lock.Unlock(context.Background()))
	}
	s.process = process
	s.terminal = child.OpenTerminal()
	s.after("started", "command", c.Args[0], "group", process.Group())
	code, ended := s.watch()
	if ended {
		s.clear()
	}
	s.terminal.Close(process)
	return s.conclude(code)
}

// pending is a signal that came before there was a command, 0 if none did.
func (s *supervisor) pending() syscall.Signal {
	for {
		select {
		case sig := <-s.signals:
			if sig != syscall.SIGTSTP && sig != syscall.SIGWINCH {
				return sig.(syscall.Signal)
			}
		default:
			return 0
		}
	}
}

// watch passes signals and time on until the command has ended, and gives its exit status; or until it is known that it
// cannot be ended.
func (s *supervisor) watch() (code int, ended bool) {
	lost := s.lock.Context().Done()
	timer := time.NewTimer(s.next())
	defer timer.Stop()
	for {
		select {
		case e := <-s.process.Events():
			if e.Stopped == 0 {
				s.after("ended", "status", e.Code)
				return e.Code, true
			}
			s.stopped(e.Stopped)
		case sig := <-s.signals:
			s.pass(sig.(syscall.Signal))
		case <-lost:
			lost = nil
			s.end()
		case <-timer.C:
		}
		if s.tick() {
			return 0, false
		}
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

// tick does what the clock says. It reports whether there is something that cannot be ended.
func (s *supervisor) tick() bool {
	now := time.Now()
	if !s.ending && !now.Before(s.lock.Deadline().Add(-s.killAfter)) {
		s.end()
	}
	if !s.ending || now.Before(s.killAt) {
		return false
	}
	left := s.process.Kill()
	if len(left) > 0 && (child.Denied(left) || now.After(s.killAt.Add(killLimit))) {
		s.left = left
		return true
	}
	return false
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
		s.process.Terminate()
		s.after("ending the command", "lock", s.name, "why", s.why, "kill_in", s.killAt.Sub(now))
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
	err := s.process.Signal(sig)
	switch sig {
	case syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT:
		s.told = true
	}
	if err != nil {
		s.log.Warn(fmt.Sprintf("cannot pass %v on: the command runs as another user; the lock is kept until it ends", sig))
		return
	}
	s.after("passed on", "signal", sig)
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

// clear ends what the command has left running, or waits for it.
func (s *supervisor) clear() {
	if s.ending {
		s.left = s.process.End(max(time.Until(s.killAt), 0), nil)
		return
	}
	if s.untilAllEnd && !s.told && s.await("what the command left is waited for") {
		return
	}
	select {
	case <-s.process.Gone():
		return
	case <-time.After(goneLimit): // there is something
	}
	was := s.process.Left()
	patience := min(s.killAfter, max(time.Until(s.lock.Deadline()), 0))
	s.process.Terminate()
	s.left = s.process.End(patience, s.lock.Context().Done())
	s.after("ended what the command left behind", "processes", len(was)-len(s.left))
	if s.isGone() {
		return
	}
	s.log.Warn(fmt.Sprintf("cannot end %s: %q is kept until it ends", list(s.left), s.name))
	if s.await("") {
		s.left = nil
	} else {
		s.left = s.process.End(0, nil)
	}
}

// goneLimit is how long it may take to hear that a command left nothing.
const goneLimit = 10 * time.Millisecond

func (s *supervisor) isGone() bool { return isClosed(s.process.Gone()) }

// await holds the lock until nothing is left, or the lock is lost, or a signal asks to end what there is. It reports
// whether nothing is left.
func (s *supervisor) await(say string) bool {
	if say != "" {
		s.after(say)
	}
	for {
		select {
		case <-s.process.Gone():
			return true
		case <-s.lock.Context().Done():
			s.end()
			return false
		case sig := <-s.signals:
			s.pass(sig.(syscall.Signal))
			if s.told && say != "" {
				return false
			}
		}
	}
}

// list names processes.
func list(left []child.Left) string {
	const most = 5
	if len(left) == 0 { // another user's may not even be seen
		return "a process of another user"
	}
	var words []string
	for i, l := range left {
		if i == most {
			words = append(words, fmt.Sprintf("and %d more", len(left)-most))
			break
		}
		word := fmt.Sprintf("process %d", l.PID)
		if l.Name != "" {
			word += " " + quoted(l.Name)
		}
		if l.Denied {
			word += " of another user"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// conclude releases the lock and gives the exit status.
func (s *supervisor) conclude(code int) error {
	if s.ending {
		fate := "the command was ended"
		switch {
		case !s.isGone():
			fate = "it goes on without the lock: cannot end " + list(s.left)
		case time.Now().Before(s.lock.Deadline()) && s.lock.Context().Err() == nil:
			_ = s.lock.Unlock(context.Background()) // if it can be had sooner, the better
		}
		return exit{statusLost, fmt.Errorf("lost %q: %w; %s", s.name, s.why, fate)}
	}
	var result error
	if code != 0 {
		result = exit{code: code}
	}
	if s.leave() {
		return result
	}
	err := s.lock.Unlock(context.Background())
	switch {
	case err == nil:
		s.after("released", "lock", s.name, "fence", fences(s.lock))
	case errors.Is(err, redilock.ErrLost):
		return exit{statusLost, fmt.Errorf("lost %q before the command ended with status %d: somebody else may have had it",
			s.name, code)}
	default:
		s.log.Warn(fmt.Sprintf("could not release %q, it frees itself in %s: %v", s.name,
			short(time.Until(s.lock.Deadline())), bare(err)))
	}
	return result
}

// leave waits for the end of the time for which the lock is held at the least. If a signal asks us to end before, the lock
// is left to the server until then, and is not to be released.
func (s *supervisor) leave() bool {
	rest := time.Until(s.holdUntil)
	if s.holdUntil.IsZero() || rest <= 0 {
		return false
	}
	s.after("holding on", "lock", s.name, "for", rest)
	timer := time.NewTimer(rest)
	defer timer.Stop()
	for !s.told {
		select {
		case <-timer.C:
			return false
		case <-s.lock.Context().Done(): // Unlock says so
			return false
		case sig := <-s.signals:
			s.told = sig != syscall.SIGTSTP && sig != syscall.SIGWINCH
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), minAnswer)
	defer cancel()
	if err := s.lock.Extend(ctx, max(time.Until(s.holdUntil), minRunTTL)); err != nil {
		s.log.Warn(fmt.Sprintf("could not leave %q for %s: %v", s.name, short(time.Until(s.holdUntil)), bare(err)))
	}
	return true
}
