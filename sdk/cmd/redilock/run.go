//go:build unix

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/child"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// runCmd runs a command under a lock.
type runCmd struct {
	Name    string   `arg:"" optional:"" help:"The lock's name."`
	Command []string `arg:"" optional:"" passthrough:"" help:"The command and its arguments, after two dashes."`

	All []string `short:"a" sep:"none" placeholder:"NAME" help:"${allHelp}"`
	kind
	TTL duration `name:"ttl" default:"30s" placeholder:"DURATION" help:"${ttlHelp}"`
	waiting
	replicas
	KillAfter   duration `short:"k" placeholder:"DURATION" help:"${killAfterHelp}"`
	MaxHold     duration `placeholder:"DURATION" help:"End the command when it has held the lock so long."`
	HoldAtLeast duration `placeholder:"DURATION" help:"${holdAtLeastHelp}"`
	UntilAllEnd bool     `help:"${untilAllEndHelp}"`
	PassToken   bool     `help:"Give the command REDILOCK_TOKEN, with which it can extend and release the lock."`
}

// Help is the end of redilock run --help.
func (runCmd) Help() string {
	return `
The lock is taken, the command runs, the lock is released. Standard input and output are the command's own.
It sees REDILOCK_NAME, REDILOCK_FENCE (a number that grows with every grant) and REDILOCK_DEADLINE (RFC 3339; until
when the lock is held if it is not extended, which it is).

With -a NAME -a NAME all of these locks are taken, or none, in an order that is the same for everybody: so no two that
want some of the same names wait for each other. REDILOCK_NAME and REDILOCK_FENCE are those of the first, with _2 behind
them those of the second, and so on. What is said of the lock holds for all of them: the first that is lost ends the
command.

A name is that of one kind of lock for all who use it. With --limit N it is a semaphore: commands run side by side as
long as their weights are N at the most. With --shared and --exclusive it is a lock of readers and writers. Who waits is
served first come, first served. Those of -a are mutexes; a <name> before the dashes may be of another kind beside them.

Exit status:

` + statusHelp() + `
The command runs in a process group of its own, which it does not lead. INT, TERM, HUP, QUIT, USR1 and USR2 go to all
of that group, and to the command's own group should it have left it. When the command ends, everything that it left
running is ended too (TERM, and KILL after --kill-after), wherever it is on Linux, else in the group; the lock is
released when all of it is gone. When the lock cannot be kept, all of it gets TERM and then KILL, before anybody else
can get the lock. A process that became another user's cannot be ended: redilock says so, and keeps the lock until it
ends. If redilock itself is killed with -9, all is killed on Linux, and the lease ends by itself.

Examples:

    redilock run nightly -- ./report.sh
    redilock run -n nightly -- ./report.sh        # skip it if it runs elsewhere
    redilock run -w 1m -E 75 deploy -- make deploy
    redilock run -n --hold-at-least 50s tick -- ./each-minute.sh
    redilock run -a stock -a orders -- ./reconcile.sh
    redilock run --limit 5 exports -- ./export.sh # at most 5 at once
    redilock run --limit 5 --weight 2 exports -- ./large-export.sh
    redilock run --shared config -- ./read.sh     # not during --exclusive
    redilock run --exclusive config -- ./rewrite.sh
    redilock run --replicas 1 billing -- ./bill.sh
    redilock run --max-hold 1h migrate -- sh -c './up --fence "$REDILOCK_FENCE"'`
}

const (
	minRunTTL    = 100 * time.Millisecond // below it, starting a program takes too much of the lease
	maxKillAfter = 10 * time.Second
	// maxHoldAtLeast is less than the longest lease that the scripts take.
	maxHoldAtLeast = 24 * 24 * time.Hour
)

// terms checks the durations, and sets those that were left out.
func (r *runCmd) terms() error {
	switch {
	case time.Duration(r.TTL) < minRunTTL:
		return usage("--ttl is %v or longer, not %v", minRunTTL, r.TTL)
	case r.MaxHold < 0 || r.MaxHold > 0 && time.Duration(r.MaxHold) < minRunTTL:
		return usage("--max-hold is %v or longer, not %v", minRunTTL, r.MaxHold)
	case r.HoldAtLeast < 0 || time.Duration(r.HoldAtLeast) > maxHoldAtLeast:
		return usage("--hold-at-least is 0s to %v, not %v", maxHoldAtLeast, r.HoldAtLeast)
	case r.MaxHold > 0 && r.HoldAtLeast > r.MaxHold:
		return usage("--hold-at-least %v is more than --max-hold %v", r.HoldAtLeast, r.MaxHold)
	case r.KillAfter < 0:
		return usage("--kill-after is how long the command has, not %v", r.KillAfter)
	}
	most := r.TTL
	if r.MaxHold > 0 {
		most = min(most, r.MaxHold)
	}
	if r.KillAfter == 0 {
		r.KillAfter = min(most/6, duration(maxKillAfter))
	}
	if r.KillAfter > most/2 {
		return usage("--kill-after %v is too long: at most half of --ttl and --max-hold, %v here", r.KillAfter, most/2)
	}
	return nil
}

// Run is called by kong.
func (r *runCmd) Run(a *app) error {
	names, err := r.names(a.args)
	if err != nil {
		return err
	}
	if err := cmp.Or(r.kind.check(), r.terms(), r.replicas.check(time.Duration(r.TTL))); err != nil {
		return err
	}
	path, err := find(r.Command[0])
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 64)
	notify(signals, ending...)
	defer signal.Stop(signals)
	hearBrokenPipe()
	k, err := a.locker(names[0])
	if err != nil {
		return err
	}
	defer func() { k.close() }()
	launcher, err := child.Prepare()
	if err != nil {
		return fmt.Errorf("cannot start the guard: %w", err)
	}
	defer launcher.Close()
	began := time.Now()
	l, err := r.grant(signals, k, names)
	if err != nil {
		return err
	}
	s := &supervisor{
		lock: l, name: nameWords(names), killAfter: time.Duration(r.KillAfter), untilAllEnd: r.UntilAllEnd, log: a.log,
		lastFailure: k.failure, signals: signals,
	}
	now := time.Now()
	if r.MaxHold > 0 {
		s.maxHold, s.maxHoldEnd = time.Duration(r.MaxHold), now.Add(time.Duration(r.MaxHold))
	}
	if r.HoldAtLeast > 0 {
		s.holdUntil = now.Add(time.Duration(r.HoldAtLeast))
	}
	s.after("obtained", "lock", s.name, "fence", fences(l), "waited", now.Sub(began))
	return s.run(launcher, child.Command{Path: path, Args: r.Command, Env: r.environment(names, l)})
}

// grant takes the locks, unless a signal comes first.
func (r *runCmd) grant(signals <-chan os.Signal, k *locker, names []string) (*redilock.MultiLock, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	done := make(chan granted[*redilock.MultiLock], 1)
	go func() {
		l, err := r.take(ctx, k, names)
		done <- granted[*redilock.MultiLock]{l, err}
	}()
	var told error
	for {
		select {
		case sig := <-signals:
			if told == nil {
				told = interrupted{sig.(syscall.Signal)}
				cancel(told)
			}
		case got := <-done:
			if told != nil && got.err == nil {
				got.err = errors.Join(told, got.lock.Unlock(ctx))
			}
			return got.lock, got.err
		}
	}
}

// take takes the locks for as long as they are to be held.
func (r *runCmd) take(ctx context.Context, k *locker, names []string) (*redilock.MultiLock, error) {
	if err := r.checkNested(ctx, k.client, names); err != nil {
		return nil, err
	}
	opts := append(r.options(), redilock.WithAutoExtend(), redilock.WithMaxHold(time.Duration(r.MaxHold)))
	requests := make([]redilock.Request, len(names))
	for i, name := range names {
		requests[i] = r.kindOf(name).request(k.client, name, time.Duration(r.TTL), opts...)
	}
	l, err := obtain(ctx, &r.waiting, k, k.client.Multi(requests...))
	if err == nil {
		// A crash must not end what is to be held for longer than the ttl.
		err = whole(ctx, l, max(time.Duration(r.TTL), time.Duration(r.HoldAtLeast)))
	}
	asked := func(name string) state.Primitive { return r.kindOf(name).primitive() }
	return l, mismatch(ctx, k.client, err, asked)
}

// find looks the command up before the lock is taken, so that nobody waits for a mistake.
func find(name string) (string, error) {
	path, err := search(name)
	switch {
	case err == nil || errors.Is(err, exec.ErrDot):
		return path, nil
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return "", exit{statusNotFound, fmt.Errorf("the command %s was not found", quoted(name))}
	default:
		return "", cannotRun(name, err)
	}
}

// search looks along PATH as execvp(3) does, which knows where to look also when there is none.
func search(name string) (string, error) {
	_, set := os.LookupEnv("PATH")
	if set || strings.Contains(name, "/") {
		return exec.LookPath(name)
	}
	path, err := exec.LookPath("/bin/" + name)
	if err != nil {
		path, err = exec.LookPath("/usr/bin/" + name)
	}
	return path, err
}

func cannotRun(name string, err error) error {
	var e *exec.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	code := statusCannotRun
	if errors.Is(err, fs.ErrNotExist) { // of a script: its interpreter
		code = statusNotFound
	}
	return exit{code, fmt.Errorf("the command %s cannot be run: %w", quoted(name), err)}
}

// ending are the signals that end redilock as long as there is no command, and go to the command from then on.
var ending = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
}

// hearBrokenPipe makes a write to a pipe that nobody reads an error, and not our end. To ignore the signal would make the
// command ignore it.
func hearBrokenPipe() { notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
