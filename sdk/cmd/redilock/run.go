//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/child"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// runCmd runs a command under a lock.
type runCmd struct {
	Name    string   `arg:"" help:"The lock's name."`
	Command []string `arg:"" optional:"" passthrough:"" help:"The command and its arguments, after two dashes."`

	TTL duration `name:"ttl" default:"30s" placeholder:"DURATION" help:"${ttlHelp}"`
	waiting
	KillAfter duration `short:"k" placeholder:"DURATION" help:"${killAfterHelp}"`
	MaxHold   duration `placeholder:"DURATION" help:"End the command when it has held the lock so long."`
	PassToken bool     `help:"Give the command REDILOCK_TOKEN, with which it can extend and release the lock."`
}

// Help is the end of redilock run --help.
func (runCmd) Help() string {
	return `
The lock is taken, the command runs, the lock is released. Standard input and output are the command's own.
It sees REDILOCK_NAME, REDILOCK_FENCE (a number that grows with every grant) and REDILOCK_DEADLINE (RFC 3339; until
when the lock is held if it is not extended, which it is).

Exit status: the command's own, or 128 + N if signal N ended it, or redilock while it waited; 124 the lock was not
obtained in time; 123 it was lost, or --max-hold is over; 125 redilock or Redis failed, or the command line is wrong; 126
the command cannot be run; 127 it was not found.

The command runs in a process group of its own. INT, TERM, HUP, QUIT, USR1 and USR2 go to all of it. When the command
ends, what it left of its group is ended too. When the lock cannot be kept, the group gets TERM and then KILL, before
anybody else can get the lock. If redilock itself is killed with -9, Linux kills the command, and the lease ends
by itself.

Examples:

    redilock run nightly -- ./report.sh
    redilock run -n nightly -- ./report.sh        # skip it if it runs elsewhere
    redilock run -w 1m -E 75 deploy -- make deploy
    redilock run --max-hold 1h migrate -- sh -c './up --fence "$REDILOCK_FENCE"'`
}

const (
	minRunTTL    = 100 * time.Millisecond // below it, starting a program takes too much of the lease
	maxKillAfter = 10 * time.Second
)

// terms checks the durations, and sets those that were left out.
func (r *runCmd) terms() error {
	switch {
	case time.Duration(r.TTL) < minRunTTL:
		return usage("--ttl is %v or longer, not %v", minRunTTL, r.TTL)
	case r.MaxHold < 0 || r.MaxHold > 0 && time.Duration(r.MaxHold) < minRunTTL:
		return usage("--max-hold is %v or longer, not %v", minRunTTL, r.MaxHold)
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
	if len(r.Command) > 0 && r.Command[0] == "--" {
		r.Command = r.Command[1:]
	}
	if len(r.Command) == 0 {
		return usage("no command: write redilock run %s -- COMMAND", quoted(r.Name))
	}
	if err := r.terms(); err != nil {
		return err
	}
	path, err := find(r.Command[0])
	if err != nil {
		return err
	}
	var lastFailure atomic.Pointer[error]
	c, closeClient, err := a.client(redilock.WithTrace(redilock.Trace{
		Enqueued:     func(_ context.Context, e redilock.Event) { a.log.Info("waiting", "lock", e.Name) },
		ExtendFailed: func(_ context.Context, e redilock.Event) { lastFailure.Store(&e.Err) },
	}))
	if err != nil {
		return err
	}
	defer closeClient()
	ctx, stop := interruptible()
	defer stop()
	if err := r.checkNested(ctx, c); err != nil {
		return err
	}
	opts := []redilock.LockOption{redilock.WithAutoExtend(), redilock.WithMaxHold(time.Duration(r.MaxHold))}
	began := time.Now()
	l, err := r.obtain(ctx, a, c.Mutex(r.Name, time.Duration(r.TTL), opts...))
	if err == nil {
		err = whole(ctx, l, time.Duration(r.TTL))
	}
	if err != nil {
		return err
	}
	a.log.Info("obtained", "lock", l.Name(), "fence", l.Fence(), "waited", time.Since(began))
	s := newSupervisor(l, time.Duration(r.KillAfter), a.log)
	if r.MaxHold > 0 {
		s.maxHold, s.maxHoldEnd = time.Duration(r.MaxHold), time.Now().Add(time.Duration(r.MaxHold))
	}
	s.lastFailure = func() error {
		if p := lastFailure.Load(); p != nil {
			return errors.New(a.words(*p))
		}
		return nil
	}
	stop() // from here on signals are the command's
	return s.run(child.Command{Path: path, Args: r.Command, Env: r.environment(l)})
}

// find looks the command up before the lock is taken, so that nobody waits for a mistake.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil || errors.Is(err, exec.ErrDot):
		return path, nil
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return "", exit{statusNotFound, fmt.Errorf("the command %s was not found", quoted(name))}
	default:
		return "", cannotRun(name, err)
	}
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

// Variables that the command sees.
const (
	envName     = "REDILOCK_NAME"
	envFence    = "REDILOCK_FENCE"
	envDeadline = "REDILOCK_DEADLINE"
)

func (r *runCmd) environment(l *redilock.Lock) []string {
	var env []string
	for _, v := range os.Environ() {
		switch name, _, _ := strings.Cut(v, "="); name {
		case envName, envFence, envDeadline, tokenEnv: // those of a redilock around this one
		default:
			env = append(env, v)
		}
	}
	env = append(env, envName+"="+r.Name, envFence+"="+strconv.FormatInt(l.Fence(), 10),
		envDeadline+"="+l.Deadline().UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	if r.PassToken {
		env = append(env, tokenEnv+"="+l.Token())
	}
	return env
}

// checkNested finds out whether this would wait for the lock that its own ancestor holds: for ever.
func (r *runCmd) checkNested(ctx context.Context, c *redilock.Client) error {
	if !r.forever() || os.Getenv(envName) != r.Name {
		return nil
	}
	s, err := c.Inspect(ctx, r.Name)
	if err != nil {
		return err
	}
	if s.Held && os.Getenv(envFence) == strconv.FormatInt(s.Fence, 10) {
		return usage("%q is held by the redilock run around this one, and would be waited for without end", r.Name)
	}
	return nil
}

// forwarded are the signals that go to the command.
var forwarded = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGWINCH, // a program that only writes to the terminal wants to know its width
}
