package redilock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/faults/inject/suspend"
	"github.com/zferentz/go-redilock/luatest/redistest/proxy"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// sleeper, of how and a TTL, is a process that takes a lock, and says every millisecond, until its standard input ends, when
// it looked (CLOCK_BOOTTIME in ns), whether the lock's context was alive then, and what was left until its deadline.
func sleeper(addr string, args []string) error {
	how := args[0]
	ttl, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	c, err := redilock.New(rdb)
	if err != nil {
		return err
	}
	ctx := context.Background()
	var opts []redilock.LockOption
	if how == "auto" {
		opts = append(opts, redilock.WithAutoExtend())
	}
	m := c.Mutex("x", ttl, opts...)
	look := func(ctx context.Context, l *redilock.Lock) {
		for { // it looks at the clock first: what it sees is at that time or later
			at := suspend.Boottime()
			if how == "done" { // as work does that selects
				select {
				case <-ctx.Done():
					fmt.Println(int64(at), false, 0)
				default:
					fmt.Println(int64(at), true, 0)
				}
			} else {
				alive := ctx.Err() == nil
				fmt.Println(int64(at), alive, int64(time.Until(l.Deadline())))
				if !alive && how == "wait" {
					return // and waits anew
				}
			}
			time.Sleep(time.Millisecond)
		}
	}
	for {
		if how == "do" {
			return m.Do(ctx, func(ctx context.Context, l *redilock.Lock) error { look(ctx, l); return nil })
		}
		l, err := m.Lock(ctx)
		if errors.Is(err, redilock.ErrLost) {
			continue
		}
		if err != nil {
			return err
		}
		switch how {
		case "attached":
			if l, err = c.Attach("x", l.Token()); err != nil {
				return err
			}
			err = l.Extend(ctx, ttl)
		case "extend":
			fmt.Println(int64(suspend.Boottime()), true, int64(time.Until(l.Deadline())))
			err = l.Extend(ctx, ttl)
		}
		if err != nil && !errors.Is(err, redilock.ErrLost) {
			return err
		}
		look(l.Context(), l)
	}
}

// sight is a line of a sleeper.
type sight struct {
	at    time.Duration
	alive bool
	left  time.Duration
}

// bed is a sleeper, and what it has said.
type bed struct {
	*testing.T
	machine *suspend.Machine
	sights  chan sight
}

// asleep starts a sleeper.
func asleep(t *testing.T, addr, how string, ttl time.Duration) *bed {
	t.Helper()
	cmd := exec.Command(os.Args[0], "sleeper", how, ttl.String())
	cmd.Env = append(os.Environ(), childEnv+"="+addr)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	machine, err := suspend.Start(cmd)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("SKIPPED, NOT PROVEN: no machine can be put to sleep here")
	}
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{T: t, machine: machine, sights: make(chan sight, 1<<16)}
	go func() {
		defer close(b.sights)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s sight
			if _, err := fmt.Sscan(lines.Text(), &s.at, &s.alive, &s.left); err == nil {
				b.sights <- s
			}
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		for range b.sights {
		}
		_ = cmd.Wait()
	})
	return b
}

// next gives the next sight. It fails the test if there is none.
func (b *bed) next() sight {
	b.Helper()
	select {
	case s, ok := <-b.sights:
		if !ok {
			b.Fatal("the process has ended")
		}
		return s
	case <-time.After(30 * time.Second):
		b.Fatal("the process says nothing")
		return sight{}
	}
}

func (b *bed) sleep() {
	b.Helper()
	if err := b.machine.Sleep(); err != nil {
		b.Fatal(err)
	}
}

func (b *bed) wake() (at time.Duration) {
	b.Helper()
	_, at, err := b.machine.Wake()
	if err != nil {
		b.Fatal(err)
	}
	return at
}

// A machine that slept past the lease of a lock finds it at an end when it wakes, however it came to it; while it slept
// another one has taken it.
func TestSuspendedPastTheLease(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		how, what string
		ttl       time.Duration
		grace     time.Duration // how long after it woke it may still not know: the clocks are compared every second
	}{
		{how: "held", ttl: 1500 * time.Millisecond},
		{how: "do", ttl: 1500 * time.Millisecond},
		{how: "attached", ttl: 1500 * time.Millisecond},
		{how: "auto", ttl: 1500 * time.Millisecond},
		{how: "auto", what: "a long lease", ttl: 5 * time.Second},
		{how: "done", what: "who selects is told soon", ttl: 5 * time.Second, grace: 1500 * time.Millisecond},
		{how: "wait", what: "granted while it slept", ttl: 1500 * time.Millisecond},
		{how: "reply", what: "its grant's reply came while it slept", ttl: 1500 * time.Millisecond},
		{how: "extend", what: "its extension's reply came while it slept", ttl: 1500 * time.Millisecond},
	} {
		t.Run(strings.TrimSuffix(test.how+"/"+test.what, "/"), func(t *testing.T) {
			t.Parallel()
			memory := miniredis.NewMiniRedis()
			memory.ClockTTL(true)
			if err := memory.Start(); err != nil {
				t.Fatal(err)
			}
			defer memory.Close()
			other := newClient(t, &redis.Options{Addr: memory.Addr()})
			warm, err := other.Mutex("x", time.Minute).Lock(t.Context()) // the server knows the scripts
			want(t, "Lock", err, nil)
			if test.how != "wait" {
				want(t, "Extend", warm.Extend(t.Context(), time.Minute), nil)
				want(t, "Unlock", warm.Unlock(t.Context()), nil)
			}
			p, err := proxy.New(memory.Addr())
			want(t, "proxy", err, nil)
			defer p.Close()
			// The reply that it shall miss is held back until it sleeps. One that waits sleeps once
			// it has told the server its channel.
			ran := make(chan struct{})
			var once sync.Once
			p.Decide(func(words []string) proxy.Fate {
				args := make([]any, len(words))
				for i, w := range words {
					args[i] = w
				}
				fate := proxy.Fate{}
				switch verb := verbOf(redis.NewCmd(t.Context(), args...)); {
				case test.how == "reply" && verb == "acquire", test.how == "extend" && verb == "extend":
					once.Do(func() { close(ran); fate.Delay = time.Second })
				case test.how == "wait" && verb == "acquire":
					channels := memory.PubSubChannels("")
					if len(channels) == 1 && slices.Contains(words, channels[0]) {
						once.Do(func() { close(ran) })
					}
				}
				return fate
			})
			b := asleep(t, p.Addr(), test.how, test.ttl)
			switch test.how {
			case "wait", "reply", "extend":
				if _, ok := within(t, 20*time.Second, "the call that it sleeps in", ran); !ok {
					return
				}
				time.Sleep(100 * time.Millisecond) // the server has run it
			default:
				b.next()
			}
			b.sleep()
			if test.how == "wait" {
				want(t, "Unlock", warm.Unlock(t.Context()), nil)
			}
			time.Sleep(test.ttl + 300*time.Millisecond)
			l, err := other.Mutex("x", time.Minute).TryLock(t.Context())
			if err != nil {
				t.Fatalf("its lease is over, and yet: %v", err)
			}
			woke := b.wake() + test.grace
			time.Sleep(500*time.Millisecond + test.grace)
			mine := suspend.Boottime()
			want(t, "Unlock", l.Unlock(t.Context()), nil)
			seen, alive := 0, 0
			for quiet := time.After(time.Second); ; {
				var s sight
				select {
				case s = <-b.sights:
				case <-quiet:
				}
				if s.at == 0 || s.at >= mine {
					break // that was before the other one let go
				}
				if s.at < woke {
					continue
				}
				seen++
				if s.alive {
					if alive++; alive == 1 {
						t.Errorf("two holders: alive %v after it woke, with %v left, and another has the lock",
							s.at-woke, s.left)
					}
				} else if s.left > 0 {
					t.Errorf("its context has ended, and its deadline is %v away", s.left)
				}
			}
			if alive > 0 {
				t.Errorf("%d of %d looks in that time found it alive", alive, seen)
			}
			if seen == 0 && test.how != "wait" && test.how != "reply" {
				t.Error("it has said nothing since it woke: nothing is proven")
			}
		})
	}
}

// A nap that is shorter than the lease ends no lock, and prolongs none.
func TestSuspendedForANap(t *testing.T) {
	t.Parallel()
	const ttl, nap = 3 * time.Second, time.Second
	for _, how := range []string{"held", "auto"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			memory := miniredis.NewMiniRedis()
			memory.ClockTTL(true)
			if err := memory.Start(); err != nil {
				t.Fatal(err)
			}
			defer memory.Close()
			b := asleep(t, memory.Addr(), how, ttl)
			first := b.next() // the server's lease ends one TTL after it, if nothing extends it
			b.sleep()
			time.Sleep(nap)
			woke := b.wake()
			over, afterNap := first.at+ttl, 0
			for s := b.next(); s.at < over+500*time.Millisecond; s = b.next() {
				if s.at >= woke && s.at < first.at+ttl-ttl/4 {
					afterNap++
					if !s.alive {
						t.Fatalf("a nap of %v has ended a lock of %v", nap, ttl)
					}
				}
				if how == "held" && s.alive && s.left > over-s.at {
					t.Fatalf("%v before the end of its lease it believes that %v are left", over-s.at, s.left)
				}
				if how == "held" && s.alive && s.at >= over {
					t.Fatalf("alive %v after the end of its lease", s.at-over)
				}
				if how == "auto" && !s.alive {
					t.Fatalf("a nap has ended a lock that is extended")
				}
			}
			if afterNap == 0 {
				t.Error("it has said nothing since it woke: nothing is proven")
			}
		})
	}
}
