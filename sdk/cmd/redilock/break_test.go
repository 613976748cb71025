//go:build unix

package main_test

import (
	"strings"
	"testing"
	"time"
)

func testBreak(t *testing.T, b *bench) {
	b.run(t, "break", "-y", "stuck").want(t, 1).says(t, "nobody holds stuck")
	l := b.lock(t, "gone:1", "stuck")
	next, after := b.queue(t, "web2:7", "stuck"), b.queue(t, "web3:7", "stuck")
	start := time.Now()
	r := b.run(t, "break", "--yes", "stuck").want(t, 0)
	if got, want := figures(r.out), "stuck: released; it was held by gone:1; now held by web2:7, TIME left, "+
		"fence FENCE, 1 waiting\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	second := <-next
	if second == nil || second.Fence() <= l.Fence() || time.Since(start) > 50*time.Second {
		t.Errorf("the queue was not served: %v", second)
	}
	if err := second.Unlock(t.Context()); err != nil {
		t.Error(err)
	}
	if third := <-after; third == nil || third.Fence() <= second.Fence() {
		t.Errorf("the queue was not served: %v", third)
	}
	if err := l.Unlock(t.Context()); err == nil {
		t.Error("the old holder still has it")
	}
}

func testBreakQuestion(t *testing.T, b *bench) {
	ctx := t.Context()
	b.lock(t, "web1:42", "asked")
	token := b.rdb.Get(ctx, "asked").Val()
	for _, no := range []string{"", "\n", "n\n", "yess\n"} {
		r := b.runWith(t, no, nil, "break", "asked")
		if r.code != 1 || r.out != "" || !strings.Contains(r.errors, "held by web1:42") ||
			!strings.Contains(r.errors, "[y/N]") || strings.Contains(r.errors, token) {
			t.Errorf("%q: %+v", no, r)
		}
		if b.rdb.Exists(ctx, "asked").Val() != 1 {
			t.Fatalf("released by the answer %q", no)
		}
	}
	if r := b.runWith(t, "Y\n", nil, "break", "asked"); r.code != 0 || b.rdb.Exists(ctx, "asked").Val() != 0 {
		t.Errorf("not released: %+v", r)
	}

	// Between question and answer the lock goes to somebody else: that one keeps it.
	l := b.lock(t, "web1:42", "moved")
	cmd := b.command(t, "break", "moved")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs lockedBuffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it asks", func() bool { return strings.Contains(errs.String(), "[y/N]") })
	if err := l.Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	b.lock(t, "web2:7", "moved")
	_, _ = in.Write([]byte("y\n"))
	_ = cmd.Wait()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(errs.String(), "nothing was done") {
		t.Errorf("exit status %d, stderr %s", cmd.ProcessState.ExitCode(), errs.String())
	}
	b.run(t, "inspect", "moved").want(t, 0).contains(t, "held by web2:7")
}

// What is no lock is deleted: only that would help.
func testBreakNoLock(t *testing.T, b *bench) {
	ctx := t.Context()
	b.rdb.LPush(ctx, "a-list", 1)
	b.rdb.Set(ctx, "long", strings.Repeat("x", 513), 0)
	b.rdb.Set(ctx, "foreign", "somebody's", 0)
	b.lock(t, "web1:42", "broken")
	b.rdb.Del(ctx, "{broken}:redilock:fence")
	b.rdb.LPush(ctx, "{broken}:redilock:fence", 1)
	for name, want := range map[string]string{
		"a-list":  "a-list: the list was deleted; now free",
		"long":    "long: it was deleted; now free",
		"foreign": "foreign: released; it was held by another program; now free",
		"broken":  "broken: released",
	} {
		r := b.run(t, "break", "-y", name).want(t, 0)
		if got := strings.TrimSpace(r.out); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if b.rdb.Exists(ctx, name).Val() != 0 {
			t.Errorf("%s is still there", name)
		}
	}
	b.rdb.LPush(ctx, "a-list", 1)
	if r := b.runWith(t, "n\n", nil, "break", "a-list"); r.code != 1 || b.rdb.Exists(ctx, "a-list").Val() != 1 {
		t.Errorf("deleted without leave: %+v", r)
	}
}
