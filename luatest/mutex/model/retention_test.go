package model

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/resp"
)

// The states of the model know one moment, in another slot of time than the last grant or in the same. What becomes of the
// retentions in the course of hours is walked through here: calls at random times, with leases of up to 24 days.

// walk is a lock in the course of time, and what it went through.
type walk struct {
	*rand.Rand
	keyspace explore.Keyspace
	sandbox  *sandbox.Sandbox
	program  *program
	passing  bool // the lock is passed on, more than it is asked for: nobody renews a place
	said     []string
}

func (w *walk) entry(role int) *explore.Entry { return w.keyspace.Find(keysOf(0)[role]) }

// later moves the clock: within a slot, to its end, over it, by hours, and back now and then.
func (w *walk) later() {
	steps := []int64{0, 1, 5, 1000, 7000, 29_000, 31_000, 55_000, 61_000, 3_000_000}
	if w.passing && w.IntN(20) > 0 {
		steps = []int64{5, 1000, 7000, 29_000}
	}
	ms := steps[w.IntN(len(steps))]
	if w.IntN(40) == 0 {
		ms = -ms % 10_000
	}
	w.keyspace.Now, w.keyspace.Micros = w.keyspace.Now+ms, w.Int64N(1000)
}

// call makes a random call, or passes the lock on. Its token and its successor are among few, so that most calls meet
// each other.
func (w *walk) call() resp.Reply {
	token := func() string { return string(rune('a' + w.IntN(5))) }
	lease := []string{"1", "1000", "60000", "3540000", "3540001", "3599999", "7200000", "2147483647"}[w.IntN(8)]
	presence := []string{"1", "5000", "60000"}[w.IntN(3)]
	v, args := verbAcquire, []string{token(), lease, presence}
	holder, what := w.entry(roleLock).Text, w.IntN(8)
	if w.passing && holder != "" && w.IntN(40) > 0 {
		lease, presence, what = "3540000", "60000", 1
	}
	switch what {
	case 0:
		v, args = verbExtend, []string{token(), lease}
	case 1, 2, 3:
		v, args = verbRelease, []string{holder}
		if holder == "" {
			args[0] = token()
		}
		if next := token(); next != args[0] && (w.passing || w.IntN(4) > 0) {
			args = append(args, "", next, lease, presence)
		}
	}
	w.said = append(w.said, fmt.Sprintf("%d.%03d: %s %s",
		w.keyspace.Now, w.keyspace.Micros, scriptNames[v], strings.Join(args, " ")))
	return w.sandbox.Run(w.program.scripts[v], keysOf(0), args)
}

// step makes a call, and says what must not be after it.
func (w *walk) step() error {
	w.later()
	before, counter := w.entry(roleFence).Expires, w.entry(roleFence).Text
	waited := len(w.entry(roleQueue).Members)
	if reply := w.call(); reply.Kind == resp.KindError {
		return fmt.Errorf("it answers %s", reply)
	}
	lock, fence := w.entry(roleLock), w.entry(roleFence)
	queue, waiters := w.entry(roleQueue), w.entry(roleWaiters)
	left := fence.Expires - w.keyspace.Now
	switch {
	case lock.Kind != explore.KindNone && fence.Expires < lock.Expires:
		return fmt.Errorf("the counter lives for %d ms, the lease for %d", left, lock.Expires-w.keyspace.Now)
	case fence.Text != counter && left <= fenceRetain-fenceSlot:
		return fmt.Errorf("after a grant the counter lives for %d ms", left)
	case fence.Text != "" && fence.Expires < before:
		return fmt.Errorf("the counter lived until %d, and lives until %d", before, fence.Expires)
	case queue.Kind != explore.KindNone && queue.Expires == 0 || waiters.Kind != explore.KindNone && waiters.Expires == 0:
		return fmt.Errorf("the queue has an expiry of %d, the waiters one of %d", queue.Expires, waiters.Expires)
	case fence.Text != counter && waited > 0 && len(queue.Members) > 0 &&
		min(queue.Expires, waiters.Expires)-w.keyspace.Now <= queueRetain-queueSlot:
		return fmt.Errorf("after a hand-off the queue lives for %d ms", queue.Expires-w.keyspace.Now)
	}
	for _, f := range waiters.Fields {
		end, err := strconv.ParseInt(strings.Fields(f.Value)[0], 10, 64)
		if err != nil || end >= w.keyspace.Now && end > min(queue.Expires, waiters.Expires) {
			return fmt.Errorf("%s is present until %d, the queue lives until %d: %w", f.Name, end, queue.Expires, err)
		}
	}
	return nil
}

// walkFor walks through so many calls, and says what went wrong, after which calls.
func walkFor(p *program, seed uint64, steps int) error {
	w := &walk{Rand: rand.New(rand.NewPCG(seed, 2)), program: p, passing: seed%2 == 1}
	w.keyspace.Now = epochMS
	w.sandbox = sandbox.New(w.keyspace.Dispatch, sandbox.Options{})
	defer w.sandbox.Close()
	for range steps {
		if err := w.step(); err != nil {
			return fmt.Errorf("seed %d: %w, after\n%s", seed, err, strings.Join(w.said[max(0, len(w.said)-12):], "\n"))
		}
	}
	return nil
}

// TestRetention checks what the retentions must be, and that the walks see each of a few known bugs.
func TestRetention(t *testing.T) {
	t.Parallel()
	const walks, steps = 20, 500
	try := func(t *testing.T, scripts []dist.Script) error {
		t.Helper()
		p, err := compile(&Config{}, scripts)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(walks) {
			if err := walkFor(p, seed, steps); err != nil {
				return err
			}
		}
		return nil
	}
	scripts := load(t)
	if err := try(t, scripts); err != nil {
		t.Fatal(err)
	}
	for _, s := range []seed{
		{
			name: "a long lease does not raise the retention", files: "acquire release",
			edits: []string{"if f % 60000000 < ago or lease > 3540000 then", "if f % 60000000 < ago then"},
		},
		{
			name: "a lease that is a little too long does not", files: "acquire release",
			edits: []string{"lease > 3540000", "lease > 3600000"},
		},
		{
			name: "the retention is renewed after a minute without a grant only", files: "acquire release",
			edits: []string{"if f % 60000000 < ago or", "if ago > 60000000 or"},
		},
		{
			name: "the retention is an hour whatever the lease", files: "acquire extend release",
			edits: []string{"math.max(3600000, lease)", "3600000"},
		},
		{
			name: "a short lease shortens the retention", files: "acquire extend release",
			edits: []string{"redis.pcall('PEXPIRE', fence, ms, 'GT')", "redis.pcall('PEXPIRE', fence, ms)"},
		},
		{
			name: "a grant without a counter gives it an hour", files: "acquire",
			edits: []string{"'PX', math.max(3600000, lease))", "'PX', 3600000)"},
		},
		{
			name: "the queue is renewed after half a minute without a grant only", files: "release",
			edits: []string{"if not ago or now_us() % 30000000 < ago then", "if not ago or ago > 30000000 then"},
		},
		{
			name: "the queue is renewed in each fourth half minute", files: "release",
			edits: []string{"now_us() % 30000000 < ago then", "now_us() % 120000000 < ago then"},
		},
		{
			name: "the successor enters after the head has left", files: "release",
			edits: []string{
				"\t\t\t\tfollow(caller, head)\n\t\t\tend\n",
				"\t\t\t\tleave(who)\n\t\t\t\tfollow(caller, head)\n\t\t\tend\n",
			},
		},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			err := try(t, s.plant(t, scripts))
			if err == nil {
				t.Fatal("not seen")
			}
			t.Log(err)
		})
	}
}
