package faults_test

import (
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/faults/inject/clock"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// TestClockSteps moves the server's clock. Back: leases last longer, there are never too many permits in use, and fences
// grow. Forward: leases end early, each permit is back once, and fences grow.
func TestClockSteps(t *testing.T) {
	t.Parallel()
	server.ForEachExecutable(t, func(t *testing.T, path string) {
		t.Parallel()
		shifted, err := clock.New(t.TempDir())
		if errors.Is(err, exec.ErrNotFound) {
			server.Missing(t, "no C compiler (cc) on PATH: the server's clock cannot be moved")
		}
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t, server.StartT(t, server.Options{Executable: path, Env: shifted.Env()}))
		last := int64(0)
		grows := func(args ...any) {
			r.Helper()
			fence := r.want("GRANTED", "acquire", args...).Items[1].Integer
			if fence <= last {
				r.Errorf("%v got the fence %d after %d", args, fence, last)
			}
			last = fence
		}
		move := func(by time.Duration) {
			r.Helper()
			before := r.clock()
			if err := shifted.Move(by); err != nil {
				r.Fatal(err)
			}
			for began := time.Now(); ; { // a server may tell a time that it read a moment ago
				moved := r.clock().Sub(before)
				if (moved - by).Abs() < 2*patience {
					return
				}
				if time.Since(began) > patience {
					r.Fatalf("the clock moved by %v: nothing is proven", moved)
				}
			}
		}
		const lease = 600_000 // ms
		grows("a", lease, 3, 2)
		move(-time.Hour)
		grows("b", lease, 3, 1)
		r.want("HELD", "acquire", "c", lease, 3, 1)
		r.want("EXTENDED", "extend", "a", lease)
		r.want("RELEASED", "release", "a")
		grows("c", lease, 3, 2)
		r.want("QUEUED", "acquire", "d", lease, 3, 3, 60_000)
		move(2 * time.Hour)
		r.want("NOTHELD", "extend", "b", lease, 1, 3)
		grows("d", lease, 3, 3)
		r.want("HELD", "acquire", "e", lease, 3, 1)
		r.want("NOTHELD", "release", "c")
		r.want("HELD", "acquire", "e", lease, 3, 1)
		r.want("RELEASED", "release", "d")
		grows("e", lease, 3, 3)
	})
}

// clock reads the server's.
func (r *rig) clock() time.Time {
	r.Helper()
	items := r.do("TIME").Items
	seconds, err := time.ParseDuration(items[0].Text + "s")
	if err != nil {
		r.Fatal(err)
	}
	return time.Unix(int64(seconds.Seconds()), 0)
}

// TestRestartSnapshot kills a server that has an old snapshot: who held then holds again, fences grow all the same, and
// never are more permits in use than the server knows of.
func TestRestartSnapshot(t *testing.T) {
	each(t, nil, func(r *rig) {
		r.want("GRANTED", "acquire", "a", 600_000, 3, 2)
		r.do("SAVE")
		r.want("RELEASED", "release", "a")
		last := r.want("GRANTED", "acquire", "b", 600_000, 3, 3).Items[1].Integer
		r.restart()
		r.want("NOTHELD", "extend", "b", 600_000, 3, 3)
		r.want("HELD", "acquire", "c", 600_000, 3, 2)
		if f := r.want("GRANTED", "acquire", "c", 600_000, 3, 1).Items[1].Integer; f <= last {
			r.Errorf("the fence is %d after %d", f, last)
		}
		r.want("HELD", "acquire", "d", 600_000, 3)
		r.want("RELEASED", "release", "a")
		r.want("GRANTED", "acquire", "d", 600_000, 3, 2)
	})
}
