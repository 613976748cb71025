//go:build unix

package main_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// acquire takes permits of a semaphore of 5 for as long as the test runs.
func (b *bench) acquire(t *testing.T, owner, name string, weight int64) *redilock.Lock {
	t.Helper()
	l, err := b.client(t, owner).Semaphore(name, 5, time.Minute).TryAcquire(t.Context(), weight)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// pend lets a client wait for permits until the test ends.
func (b *bench) pend(t *testing.T, owner, name string, weight int64) <-chan *redilock.Lock {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	got := make(chan *redilock.Lock, 1)
	before, c := b.permits(t, name).Queued, b.client(t, owner)
	go func() {
		l, _ := c.Semaphore(name, 5, time.Minute).Acquire(ctx, weight)
		got <- l
	}()
	eventually(t, "it waits", func() bool { return b.permits(t, name).Queued > before })
	return got
}

func testSemaphoreSeen(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	ctx := t.Context()
	first := b.acquire(t, "web1:42", "exports", 3)
	b.acquire(t, "web2:7", "exports", 1)
	b.pend(t, "web3:7", "exports", 4)
	b.lock(t, "web1:42", "nightly")
	rw := b.client(t, "reader:1").RWMutex("config", time.Minute)
	if _, err := rw.RLock(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client(t, "writer:1").RWMutex("rewrite", time.Minute).Lock(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.acquire(t, "web1:42", "was", 2).Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	r := b.run(t, "inspect", "exports", "config", "rewrite", "was").want(t, 0)
	if d := cmp.Diff(`exports: 4/5 used, 2 holders, 1 waiting
  fence FENCE, web1:42, weight 3, TIME left, held for TIME
  fence FENCE, web2:7, weight 1, TIME left, held for TIME
  1. web3:7, weight 4, presence TIME
config: held by 1 reader
  fence FENCE, reader:1, reader, TIME left, held for TIME
rewrite: held by writer
  fence FENCE, writer:1, writer, TIME left, held for TIME
was: free, fence FENCE
`, figures(r.out)); d != "" {
		t.Error(d)
	}
	r.contains(t, fmt.Sprint("fence ", first.Fence(), ", web1:42"))

	const rows = `NAME  HOLDER  USED  FENCE  LEFT  WAITING
config  reader:1  1 reader  FENCE  TIME  0
exports  web1:42 +1  4/5  FENCE  TIME  1
nightly  web1:42  FENCE  TIME  0
rewrite  writer:1  writer  FENCE  TIME  0
`
	for _, args := range [][]string{{"ls"}, {"top", "--once"}} {
		if d := cmp.Diff(rows, figures(b.run(t, args...).want(t, 0).out)); d != "" {
			t.Errorf("%v: %s", args, d)
		}
	}
	if o := b.run(t, "ls", "--all", "--json", "was").want(t, 0).objects(t)[0]; o["primitive"] != nil || o["held"] != false {
		t.Errorf("%v", o)
	}
	for _, args := range [][]string{{"ls", "--json"}, {"inspect", "--json", "config", "exports", "nightly", "rewrite"}} {
		j := b.run(t, args...).want(t, 0)
		if strings.Contains(j.out, "/") || strings.Contains(j.out, first.Token()) { // which tokens have
			t.Error("a token is shown")
		}
		var got []string
		for _, o := range j.objects(t) {
			got = append(got, fmt.Sprintf("%v %v %v %v %v %v %v",
				o["name"], o["primitive"], o["owner"], o["used"], o["limit"], o["grants"], o["waiting"]))
		}
		if d := cmp.Diff([]string{
			"config rwmutex reader:1 1 2.147483647e+09 1 0", "exports semaphore web1:42 4 5 2 1",
			"nightly mutex web1:42 <nil> <nil> <nil> 0", "rewrite rwmutex writer:1 2.147483647e+09 2.147483647e+09 1 0",
		}, got); d != "" {
			t.Errorf("%v: %s", args, d)
		}
		o := j.objects(t)[1]
		holder, waiter := o["holders"].([]any)[0].(map[string]any), o["waiters"].([]any)[0].(map[string]any)
		if holder["fence"] != float64(first.Fence()) || holder["weight"] != 3.0 || holder["owner"] != "web1:42" ||
			waiter["owner"] != "web3:7" || waiter["weight"] != 4.0 || waiter["limit"] != 5.0 {
			t.Errorf("%v, %v", holder, waiter)
		}
	}

	// What only its waiters tell of, until one of them asks and has it.
	b.rdb.Del(ctx, "exports", "{exports}:redilock:fence")
	b.run(t, "ls", "exports").want(t, 0).contains(t, "exports")
}

func testSemaphoreWatched(t *testing.T, b *bench) {
	ctx := t.Context()
	lines, cmd, errs := b.events(t, "watched")
	expect(t, lines, "free")
	one := b.acquire(t, "one", "watched", 2)
	expect(t, lines, "acquired one, 2 of 2/5")
	two := b.acquire(t, "two", "watched", 3)
	expect(t, lines, "acquired two, 3 of 5/5")
	three := b.pend(t, "three", "watched", 1)
	expect(t, lines, "waiting 1")
	if err := two.Shrink(ctx, 1); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, "shrunk two, 1 of 4/5", "acquired three, 1 of 4/5", "waiting 0")
	if err := one.Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, "released one, 2 of 2/5")
	(<-three).Context() // so that it is not collected
	if _, err := b.client(t, "short").Semaphore("watched", 5, 200*time.Millisecond).TryAcquire(ctx, 1); err != nil {
		t.Fatal(err)
	}
	expect(t, lines, "acquired short, 1 of 3/5", "expired short, 1 of 2/5")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || errs.String() != "" {
		t.Errorf("exit status %d, stderr %q", code, errs)
	}
}

func testBreakSemaphore(t *testing.T, b *bench) {
	ctx := t.Context()
	one, two := b.acquire(t, "gone:1", "slots", 2), b.acquire(t, "web2:7", "slots", 3)
	fence := func(l *redilock.Lock) string { return fmt.Sprint(l.Fence()) }
	r := b.run(t, "break", "-y", "slots").want(t, 125)
	r.says(t, "slots has 2 holders: choose one by --fence, or --all of them")
	r.says(t, fence(one)+" (gone:1)")
	r.says(t, fence(two)+" (web2:7)")
	for _, bad := range []string{"1", "0", "-5", fmt.Sprint(one.Fence() + two.Fence())} {
		b.run(t, "break", "-y", "slots", "--fence="+bad).want(t, 1).says(t, "nobody holds slots with the fence "+bad)
	}
	if r := b.runWith(t, "n\n", nil, "break", "slots", "--fence", fence(one)); r.code != 1 ||
		!strings.Contains(r.errors, "gone:1") || strings.Contains(r.errors, "web2:7") {
		t.Errorf("%+v", r)
	}
	if n := len(b.permits(t, "slots").Holders); n != 2 {
		t.Fatalf("%d holders", n)
	}
	next := b.pend(t, "web3:7", "slots", 2)
	r = b.run(t, "break", "-y", "slots", "--fence", fence(one)).want(t, 0)
	r.prints(t, "slots: released; it was held by gone:1; now 5/5 used, 2 holders\n")
	if l := <-next; l == nil || l.Weight() != 2 {
		t.Error("who waited was not served")
	}
	if one.Unlock(ctx) == nil || two.Extend(ctx, time.Minute) != nil {
		t.Error("it was not the one with this fence")
	}
	b.run(t, "break", "-y", "slots", "--fence", fence(one)).want(t, 1).says(t, "nobody holds slots with the fence")
	r = b.run(t, "break", "-y", "--all", "slots").want(t, 0)
	if got := figures(r.out); got != "slots: 2 holders ended; now free, fence FENCE\n" {
		t.Error(got)
	}
	b.run(t, "break", "-y", "--all", "slots").want(t, 1).says(t, "nobody holds slots")
	b.acquire(t, "alone:1", "slots", 1)
	b.run(t, "break", "-y", "slots").want(t, 0).contains(t, "it was held by alone:1")

	// A mutex has a fence as well, and a sorted set is not always a semaphore.
	l := b.lock(t, "web1:42", "fenced")
	b.run(t, "break", "-y", "fenced", "--fence", "1").want(t, 1).says(t, "nobody holds fenced with the fence 1")
	b.run(t, "break", "-y", "fenced", "--fence", fence(l)).want(t, 0).contains(t, "it was held by web1:42")
	b.rdb.ZAdd(ctx, "scores", redis.Z{Score: 1, Member: "x"}, redis.Z{Score: 9e14, Member: "y"})
	for _, fence := range []string{"1", "0"} {
		b.run(t, "break", "-y", "scores", "--fence", fence).want(t, 1).says(t, "nobody holds scores")
	}
	b.run(t, "break", "-y", "scores").want(t, 0).prints(t, "scores: the zset was deleted; now free\n")
}
