//go:build unix

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// permits is the state of a semaphore.
func (b *bench) permits(t *testing.T, name string) redilock.SemaphoreStatus {
	t.Helper()
	s, err := b.client(t, "test").InspectSemaphore(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stays is the end of a script that goes on until it is let go.
const stays = "\necho yes >ready\nwhile [ ! -e go ]; do sleep 0.02; done"

// let ends a command that stays.
func (j *job) let(t *testing.T) result {
	t.Helper()
	if err := os.WriteFile(filepath.Join(j.dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return j.gone(t, 0)
}

// ran is a job with these flags, which has to end with a status, and to have run if that is 0.
func (b *bench) ran(t *testing.T, name, flags string, code int) result {
	t.Helper()
	r := b.job(t, name, "echo ran", strings.Fields(flags)...).gone(t, code)
	if want := map[bool]string{true: "ran\n"}[code == 0]; r.out != want {
		t.Errorf("run %s %s: %q", flags, name, r.out)
	}
	return r
}

func testRunSemaphore(t *testing.T, b *bench) {
	const show = `echo "$REDILOCK_NAME $REDILOCK_FENCE"; [ -n "$REDILOCK_DEADLINE" ] || echo no deadline` + stays
	one := b.job(t, "exports", show, "--limit=3").start(t)
	two := b.job(t, "exports", show, "--limit=3", "--weight=2").start(t)
	s := b.permits(t, "exports")
	if s.Used != 3 || s.Limit != 3 || len(s.Holders) != 2 {
		t.Fatalf("%+v", s)
	}
	b.ran(t, "exports", "--limit=3 -n", 124)
	b.ran(t, "exports", "--limit=3 -n -v", 124).says(t, "not obtained")
	b.ran(t, "exports", "--limit=3 -w 50ms -E 7", 7)

	// Some are given back: who waits for as many gets them.
	waits := b.job(t, "exports", "echo ran", "--limit=3", "--weight=2")
	if err := waits.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return b.permits(t, "exports").Queued == 1 })
	seen := []string{two.let(t).out, one.let(t).out}
	waits.gone(t, 0).prints(t, "ran\n")
	for i, h := range s.Holders {
		want := fmt.Sprintf("exports %d\n", h.Fence)
		if seen[0] != want && seen[1] != want {
			t.Errorf("holder %d is %d, the commands saw %q", i, h.Fence, seen)
		}
	}
	if s := b.permits(t, "exports"); s.Used != 0 || s.Queued != 0 {
		t.Errorf("left: %+v", s)
	}

	// Who dies leaves its permits to the lease.
	dead := b.job(t, "exports", sleeps, "--limit=1", "--ttl=1s").start(t)
	if err := dead.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = dead.Wait()
	b.ran(t, "exports", "--limit=1", 0)

	// Whoever is ended in its place ends its command; the others go on.
	stay := b.job(t, "exports", stays, "--limit=2").start(t)
	known := b.permits(t, "exports").Holders[0].Fence
	lost := b.job(t, "exports", sleeps, "--limit=2", "--ttl=2s").start(t)
	for _, h := range b.permits(t, "exports").Holders {
		if h.Fence != known {
			b.run(t, "break", "-y", "--fence", fmt.Sprint(h.Fence), "exports").want(t, 0)
		}
	}
	lost.gone(t, 123).says(t, "lost")
	stay.let(t)

	// The token of --pass-token, and that of acquire, are good for permits as well.
	b.job(t, "exports", `"$REDILOCK" extend exports --ttl 2m && "$REDILOCK" release exports; echo $?`,
		"--limit=2", "--pass-token").gone(t, 123).prints(t, "0\n")
	token := b.run(t, "acquire", "--limit=2", "--weight=2", "exports").want(t, 0).out
	b.ran(t, "exports", "--limit=2 -n", 124)
	b.runWith(t, token, nil, "release", "exports", "--token-file", "-").want(t, 0)
	b.runWith(t, token, nil, "release", "exports", "--token-file", "-").want(t, 123)
	b.ran(t, "exports", "--limit=2 -n", 0)

	// One inside of another would wait for ever, with as many around it as there are permits.
	const nested = `"$REDILOCK" run --limit 2 exports -- echo twice 2>said; grep -c "may wait without end" said
"$REDILOCK" run -n --limit 2 exports -- echo once`
	b.job(t, "exports", nested, "--limit=2").gone(t, 0).prints(t, "1\nonce\n")
}

func testRunReadersWriters(t *testing.T, b *bench) {
	one := b.job(t, "config", stays, "--shared").start(t)
	two := b.job(t, "config", stays, "--shared").start(t)
	b.ran(t, "config", "--exclusive -n", 124)
	b.ran(t, "config", "--exclusive -w 50ms", 124)
	b.ran(t, "config", "--shared -n", 0)
	writer := b.job(t, "config", stays, "--exclusive")
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return b.permits(t, "config").Queued == 1 })
	b.ran(t, "config", "--shared -n", 124) // it came later
	one.let(t)
	two.let(t)
	eventually(t, "it writes", func() bool { return writer.read(t, "ready") != "" })
	b.ran(t, "config", "--shared -n", 124)
	writer.let(t)

	// Beside a mutex.
	both := b.job(t, "config", `echo "$REDILOCK_NAME $REDILOCK_NAME_2"`+stays, "--shared", "-a", "beside").start(t)
	b.ran(t, "beside", "-n", 124)
	b.ran(t, "config", "--exclusive -n", 124)
	b.ran(t, "config", "--shared -n", 0)
	both.let(t).prints(t, "beside config\n")
	b.ran(t, "beside", "-n", 0)
}

// A name that is something else is refused in words, and stays what it is.
func testRunKinds(t *testing.T, b *bench) {
	ctx := t.Context()
	b.lock(t, "web1:42", "a-mutex")
	b.rdb.LPush(ctx, "a-list", 1)
	b.rdb.ZAdd(ctx, "{of-a-list}:redilock:members", redis.Z{Score: 1, Member: "no hash"})
	if _, err := b.client(t, "web1:42").Semaphore("a-semaphore", 2, time.Minute).Acquire(ctx, 1); err != nil {
		t.Fatal(err)
	}
	dump := func() (all []string) {
		for _, key := range []string{
			"a-mutex", "a-list", "a-semaphore", "{a-mutex}:redilock:fence", "{a-semaphore}:redilock:members",
			"{of-a-list}:redilock:members", "of-a-list",
		} {
			all = append(all, b.rdb.Dump(ctx, key).Val())
		}
		return all
	}
	before := dump()
	for _, test := range []struct{ args, says string }{
		{"run --limit 3 a-mutex -- true", `a-mutex is in use as a mutex and cannot be taken as a semaphore`},
		{"run --shared a-mutex -- true", "is in use as a mutex and cannot be taken as a lock of readers and writers"},
		{"run --exclusive -n a-mutex -- true", "is in use as a mutex"},
		{"run a-semaphore -- true", `a-semaphore is in use as a semaphore and cannot be taken as a mutex`},
		{"run -w 100ms a-semaphore -- true", "cannot be taken as a mutex"},
		{"run -a a-semaphore -- true", "cannot be taken as a mutex"},
		{"acquire a-semaphore", "cannot be taken as a mutex"},
		{"acquire --limit 3 a-mutex", "cannot be taken as a semaphore"},
		{"run --limit 3 a-list -- true", "value of another type"},
		{"run --shared -n a-list -- true", "value of another type"},
		{"run --limit 3 of-a-list -- true", "value of another type"},
		{"run --limit 3 a}b -- true", "hash tag"},
	} {
		b.run(t, strings.Fields(test.args)...).want(t, 125).says(t, test.says)
	}
	if d := cmp.Diff(before, dump()); d != "" {
		t.Error("something has changed: ", d)
	}
}

// A lock that replicas are to have counts when they have it, and is given back when there are too few of them.
func testRunReplicas(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	server.StartReplicaT(t, b.Server)
	server.UntilReplicasT(t, b.Server, 1)
	for _, kind := range []string{"", "--limit=2 ", "--shared "} {
		b.ran(t, "billing", kind+"--replicas=1", 0)
		r := b.ran(t, "billing", kind+"--replicas=2 --replicas-timeout=20ms", 125)
		r.says(t, "1 of 2 have it after 20ms")
		if n := b.rdb.Exists(t.Context(), "billing").Val(); n != 0 {
			t.Errorf("%s: it is held", kind)
		}
	}
	if n := b.rdb.Info(t.Context(), "commandstats").Val(); !strings.Contains(n, "cmdstat_wait:calls=") {
		t.Error("nobody waited for the replicas")
	}
}
