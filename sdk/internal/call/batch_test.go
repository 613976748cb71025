package call

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts"
)

// server answers calls inside a bubble, without a network: by a hook that calls its next function never.
type server struct {
	*redis.Client
	answer   func(ctx context.Context)       // what a single call does before it is answered
	together func(ctx context.Context) error // what a batch does, and how it fails
	batches  []int
}

func (s *server) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *server) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.answer(ctx)
		cmd.(interface{ SetVal(any) }).SetVal([]any{"OK"})
		return nil
	}
}

func (s *server) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		s.batches = append(s.batches, len(cmds))
		err := s.together(ctx)
		for _, cmd := range cmds {
			if err != nil {
				cmd.SetErr(err)
				continue
			}
			cmd.(interface{ SetVal(any) }).SetVal([]any{"OK"})
		}
		return err
	}
}

func inBubble(t *testing.T, o redis.Options, test func(t *testing.T, s *server, sender *Sender)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o.Addr = "127.0.0.1:1"
		o.Dialer = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody dials") }
		s := &server{Client: redis.NewClient(&o), answer: func(context.Context) {}}
		s.together = func(context.Context) error { return nil }
		s.AddHook(s)
		sender := New(s.Client)
		test(t, s, sender)
		sender.Close()
		_ = s.Close()
	})
}

func newCall() primitive.Call[string] {
	return primitive.Adapt(scripts.NewCall(&scripts.Script{Name: "test"}, []string{"key"}, nil,
		func(r *scripts.Reply) string { return r.Tag() }), func(s string) string { return s })
}

// A call whose caller gives up is over for it at once, and Late is called when it is answered, once. The workers end.
func TestGiveUp(t *testing.T) {
	for name, test := range map[string]struct {
		limits func(stop chan struct{}) Limits
		want   error
	}{
		"context": {func(chan struct{}) Limits { return Limits{} }, context.Canceled},
		"stop":    {func(stop chan struct{}) Limits { return Limits{Stop: stop} }, failure.Closed},
		"within":  {func(chan struct{}) Limits { return Limits{Within: time.Second} }, ErrNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, redis.Options{}, func(t *testing.T, s *server, sender *Sender) {
				gate, stop := make(chan struct{}), make(chan struct{})
				s.answer = func(context.Context) { <-gate }
				ctx, cancel := context.WithCancel(t.Context())
				l := test.limits(stop)
				var late atomic.Int32
				l.Late = func() { late.Add(1) }
				if name == "context" {
					time.AfterFunc(time.Second, cancel)
				} else {
					defer cancel()
					time.AfterFunc(time.Second, func() { close(stop) })
				}
				start := time.Now()
				_, abandoned, err := Do(ctx, sender, newCall(), l)
				if took := time.Since(start); !abandoned || !errors.Is(err, test.want) || took != time.Second {
					t.Errorf("abandoned %v after %v: %v", abandoned, took, err)
				}
				if late.Load() != 0 {
					t.Error("Late was called before the answer")
				}
				close(gate)
				synctest.Wait()
				if n := late.Load(); n != 1 {
					t.Errorf("Late was called %d times", n)
				}
			})
		})
	}
}

// occupy sends as many calls as go out at once. They are answered when the gate is closed.
func occupy(ctx context.Context, s *server, sender *Sender) (gate chan struct{}) {
	gate = make(chan struct{})
	s.answer = func(context.Context) { <-gate }
	for range maxSends {
		go func() { _, _, _ = Do(ctx, sender, newCall(), Limits{}) }()
	}
	synctest.Wait()
	return gate
}

// A call that gathers with others, and was not sent when its caller gave up, is never sent.
func TestGiveUpUnsent(t *testing.T) {
	inBubble(t, redis.Options{}, func(t *testing.T, s *server, sender *Sender) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		gate := occupy(ctx, s, sender)
		short, end := context.WithTimeout(ctx, gatherTimeout/2)
		defer end()
		c := newCall()
		_, abandoned, err := Do(short, sender, c, Limits{Late: func() { t.Error("Late was called") }})
		if abandoned || !errors.Is(err, context.DeadlineExceeded) || c.MayHaveRun() {
			t.Errorf("abandoned %v, may have run %v: %v", abandoned, c.MayHaveRun(), err)
		}
		if left := sender.batches.waiting[:1]; left[0] != nil {
			t.Error("it is kept, with its context")
		}
		close(gate)
		time.Sleep(time.Second)
		if len(s.batches) != 0 {
			t.Errorf("it was sent: batches of %v", s.batches)
		}
	})
}

// Calls that gather go together as soon as one is back; behind calls that do not come back, after gatherTimeout.
func TestGather(t *testing.T) {
	for name, back := range map[string]bool{"one is back": true, "none is back": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, redis.Options{}, func(t *testing.T, s *server, sender *Sender) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				gate := occupy(ctx, s, sender)
				start := time.Now()
				answered := make(chan time.Duration, 10)
				for i := range 10 {
					of := ctx
					if i%2 == 0 {
						of = context.WithoutCancel(ctx)
					}
					go func() {
						if r, _, err := Do(of, sender, newCall(), Limits{}); err != nil || r != "OK" {
							t.Errorf("%q, %v", r, err)
						}
						answered <- time.Since(start)
					}()
				}
				synctest.Wait()
				want := gatherTimeout
				if back {
					want = time.Millisecond
					time.AfterFunc(want, func() { close(gate) })
				} else {
					defer close(gate)
				}
				for range 10 {
					if took := <-answered; took != want {
						t.Errorf("answered after %v, want %v", took, want)
					}
				}
				if len(s.batches) != 1 || s.batches[0] != 10 {
					t.Errorf("10 calls went in batches of %v", s.batches)
				}
			})
		})
	}
}

// A call in a batch keeps to its limits, whoever sends it: also if its connection is silent, or breaks and the repeats find
// a silent one.
func TestGiveUpTogether(t *testing.T) {
	const within = 6 * time.Second
	for what, broken := range map[string]error{"a silent connection": nil, "a broken one": io.EOF} {
		for who, limits := range map[string]struct {
			Limits
			ends  bool // the context can end
			want  error
			after time.Duration
		}{
			"within":             {Limits{Within: within}, true, ErrNoAnswer, within},
			"without an end":     {Limits{Within: within}, false, ErrNoAnswer, within},
			"inline":             {Limits{Inline: true}, true, context.DeadlineExceeded, within + time.Second},
			"inline, and within": {Limits{Inline: true, Within: within}, true, ErrNoAnswer, within},
		} {
			t.Run(what+"/"+who, func(t *testing.T) {
				inBubble(t, redis.Options{}, func(t *testing.T, s *server, sender *Sender) {
					silent := make(chan struct{})
					s.answer = func(context.Context) { <-silent }
					s.together = func(context.Context) error {
						if broken == nil {
							<-silent
						}
						time.Sleep(within / 2)
						return broken
					}
					ctx, cancel := context.WithTimeout(t.Context(), within+time.Second)
					defer cancel()
					for range maxSends {
						go func() { _, _, _ = Do(ctx, sender, newCall(), Limits{}) }()
					}
					synctest.Wait()
					of := ctx
					if !limits.ends {
						of = context.WithoutCancel(ctx)
					}
					var late atomic.Int32
					var calls sync.WaitGroup
					start := time.Now()
					for range 3 {
						calls.Go(func() {
							l := limits.Limits
							l.Late = func() { late.Add(1) }
							_, abandoned, err := Do(of, sender, newCall(), l)
							took := time.Since(start)
							if !abandoned || !errors.Is(err, limits.want) || took != limits.after {
								t.Errorf("abandoned %v after %v: %v", abandoned, took, err)
							}
						})
					}
					time.AfterFunc(10*within, func() { close(silent) })
					calls.Wait()
					time.Sleep(20 * within)
					synctest.Wait()
					if len(s.batches) != 1 || s.batches[0] != 3 || late.Load() != 3 {
						t.Errorf("3 calls went in batches of %v, Late was called %d times", s.batches, late.Load())
					}
				})
			})
		}
	}
}

// A batch ends with the last of its callers: what hangs in a dialer is not sent when nobody waits for it any more.
func TestBatchEnds(t *testing.T) {
	for name, test := range map[string]struct {
		limits []Limits // the first one's context ends after a minute
		want   time.Duration
	}{
		"the last of several": {[]Limits{{Inline: true}, {Within: time.Second}, {Within: time.Hour}}, time.Hour},
		"a context":           {[]Limits{{Inline: true}, {Within: time.Second}}, time.Minute},
		"the earlier of two":  {[]Limits{{Within: 2 * time.Second}, {Within: time.Second}}, 2 * time.Second},
		"one without an end":  {[]Limits{{Inline: true}, {}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, redis.Options{}, func(t *testing.T, s *server, sender *Sender) {
				start, gate := time.Now(), make(chan struct{})
				s.answer = func(context.Context) { <-gate }
				s.together = func(ctx context.Context) error {
					end, ok := ctx.Deadline()
					if ok != (test.want > 0) || ok && end.Sub(start) != test.want {
						t.Errorf("a limit %v, after %v", ok, end.Sub(start))
					}
					return nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				for range maxSends {
					go func() { _, _, _ = Do(ctx, sender, newCall(), Limits{}) }()
				}
				synctest.Wait()
				for i, l := range test.limits {
					of := ctx
					if i > 0 {
						of = context.WithoutCancel(ctx)
					}
					go func() { _, _, _ = Do(of, sender, newCall(), l) }()
				}
				time.Sleep(gatherTimeout)
				synctest.Wait()
				if len(s.batches) != 1 || s.batches[0] != len(test.limits) {
					t.Errorf("batches of %v", s.batches)
				}
				close(gate)
			})
		})
	}
}

// Where a call may never come back, none waits for another.
func TestApart(t *testing.T) {
	inBubble(t, redis.Options{ReadTimeout: -1}, func(t *testing.T, s *server, sender *Sender) {
		gate := make(chan struct{})
		s.answer = func(context.Context) { <-gate }
		for range 10 * maxSends {
			go func() { _, _, _ = Do(t.Context(), sender, newCall(), Limits{}) }()
		}
		synctest.Wait()
		s.answer = func(context.Context) {}
		start := time.Now()
		if _, _, err := Do(t.Context(), sender, newCall(), Limits{}); err != nil || time.Since(start) != 0 {
			t.Errorf("answered after %v: %v", time.Since(start), err)
		}
		close(gate)
	})
}

// A hook that panics, or ends its goroutine, is the outcome of its call, and holds up no other.
func TestHookBreaks(t *testing.T) {
	for name, breaks := range map[string]func(){"panic": func() { panic("a hook") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, redis.Options{}, func(t *testing.T, s *server, sender *Sender) {
				s.answer = func(context.Context) { breaks() }
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				for range 3 * maxSends {
					c := newCall()
					if _, _, err := Do(ctx, sender, c, Limits{}); err == nil || !c.MayHaveRun() {
						t.Errorf("may have run %v: %v", c.MayHaveRun(), err)
					}
				}
				s.answer = func(context.Context) {}
				if r, _, err := Do(ctx, sender, newCall(), Limits{}); err != nil || r != "OK" {
					t.Errorf("%q, %v", r, err)
				}
				if sender.batches.sends != 0 {
					t.Errorf("%d sends are never over", sender.batches.sends)
				}
			})
		})
	}
}

// A lone call costs a bounded number of allocations, and no goroutine and no timer of its own.
func TestLoneCallAllocates(t *testing.T) {
	s := &server{Client: redis.NewClient(&redis.Options{}), answer: func(context.Context) {}}
	s.AddHook(s)
	sender := New(s.Client)
	defer sender.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := newCall()
	alone := testing.AllocsPerRun(200, func() { _ = c.Send(ctx, s.Client) })
	if n := testing.AllocsPerRun(200, func() { _, _, _ = Do(ctx, sender, c, Limits{Within: time.Second}) }); n > alone+1 {
		t.Errorf("%v allocations, %v of them go-redis' own", n, alone)
	}
}
