//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// names are the locks of the command line, in its order: those of -a, or the one word before the two dashes. What stands
// behind the dashes is the command's own, so with -a there is no such word.
func (r *runCmd) names(args []string) ([]string, error) {
	names, dashes := slices.Clone(r.All), len(r.Command) > 0 && r.Command[0] == "--"
	if i := slices.Index(args, "--"); len(r.All) > 0 && i >= 0 && len(args[i+1:]) == len(r.Command)+1 {
		dashes = false // kong took the command for the name, and these dashes are the command's own
	}
	switch {
	case dashes:
		r.Command = r.Command[1:]
		names = append(names, r.Name)
	case len(r.All) > 0:
		r.Command = append([]string{r.Name}, r.Command...)
	default:
		names = append(names, r.Name)
	}
	switch {
	case len(r.All) == 0 && r.Name == "" && len(r.Command) == 0:
		return nil, usage("no lock: write redilock run NAME -- COMMAND")
	case len(r.Command) == 0 || r.Command[0] == "" && len(r.All) > 0:
		return nil, usage("no command: write redilock run %s -- COMMAND", quoted(names[0]))
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, usage("%q is named twice", name)
		}
	}
	if len(names) == len(r.All) && r.primitive() != state.Mutex {
		return nil, usage("the locks of -a are mutexes: --limit, --shared and --exclusive are about NAME before the dashes")
	}
	return names, nil
}

// kindOf is the kind of one of the locks: those of -a are mutexes.
func (r *runCmd) kindOf(name string) *kind {
	if slices.Contains(r.All, name) {
		return &kind{}
	}
	return &r.kind
}

// nameWords are names as messages have them.
func nameWords(names []string) string { return strings.Join(names, ", ") }

// fences are the numbers of the locks, for the log.
func fences(l *redilock.MultiLock) any {
	locks := l.Locks()
	if len(locks) == 1 {
		return locks[0].Fence()
	}
	all := make([]int64, len(locks))
	for i, one := range locks {
		all[i] = one.Fence()
	}
	return all
}

// Variables that the command sees.
const (
	envName     = "REDILOCK_NAME"
	envFence    = "REDILOCK_FENCE"
	envDeadline = "REDILOCK_DEADLINE"
)

// nth is a variable of the nth lock, from 0.
func nth(variable string, n int) string {
	if n == 0 {
		return variable
	}
	return variable + "_" + strconv.Itoa(n+1)
}

// isOurs reports whether a variable is of a redilock around this one.
func isOurs(variable string) bool {
	for _, one := range []string{envName, envFence, envDeadline, tokenEnv} {
		rest, ok := strings.CutPrefix(variable, one)
		n, err := strconv.Atoi(strings.TrimPrefix(rest, "_"))
		if ok && (rest == "" || rest[0] == '_' && err == nil && n > 1) {
			return true
		}
	}
	return false
}

func (r *runCmd) environment(names []string, l *redilock.MultiLock) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		variable, _, _ := strings.Cut(v, "=")
		return isOurs(variable)
	})
	locks := l.Locks()
	for n, name := range names {
		env = append(env, nth(envName, n)+"="+name, nth(envFence, n)+"="+strconv.FormatInt(l.Fence(name), 10))
		if r.PassToken {
			i := slices.IndexFunc(locks, func(one *redilock.Lock) bool { return one.Name() == name })
			env = append(env, nth(tokenEnv, n)+"="+locks[i].Token())
		}
	}
	return append(env, envDeadline+"="+l.Deadline().UTC().Format("2006-01-02T15:04:05.000Z07:00"))
}

// checkNested finds out whether this would wait for a lock that its own ancestor holds: for ever.
func (r *runCmd) checkNested(ctx context.Context, c *redilock.Client, names []string) error {
	if !r.forever() {
		return nil
	}
	for n := 0; os.Getenv(nth(envName, n)) != ""; n++ {
		name := os.Getenv(nth(envName, n))
		if !slices.Contains(names, name) {
			continue
		}
		s, err := state.Ask(ctx, c, name, r.kindOf(name).primitive())
		if errors.Is(err, redilock.ErrWrongType) {
			continue // whoever takes it hears of that
		}
		if err != nil {
			return err
		}
		fence := os.Getenv(nth(envFence, n))
		ours := func(h redilock.SemaphoreHolder) bool { return fence == strconv.FormatInt(h.Fence, 10) }
		switch {
		case s.Semaphore != nil && slices.ContainsFunc(s.Semaphore.Holders, ours):
			return usage("the redilock run around this one holds %q, and who holds some of it and waits for more may wait "+
				"without end: take all at once there, or set a limit by -w here", name)
		case s.Semaphore == nil && s.Held && fence == strconv.FormatInt(s.Fence, 10):
			return usage("%q is held by the redilock run around this one, and would be waited for without end", name)
		}
	}
	return nil
}
