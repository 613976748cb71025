package semaphorev1_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts/semaphorev1"
)

// TestReplies takes one semaphore through its life by the bindings: every reply comes out as its own type, and the grants of
// all of them as one.
func TestReplies(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	server.SetTime(time.Unix(1_700_000_000, 0)) // no lease runs while the test does
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	keys, err := semaphorev1.KeysOf("a")
	if err != nil {
		t.Fatal(err)
	}
	acquire := func(token string, weight int64, presence time.Duration) semaphorev1.AcquireReply {
		t.Helper()
		args := semaphorev1.AcquireArgs{
			Token: token, Lease: 1500 * time.Millisecond, Limit: 3, Weight: weight, Presence: presence,
		}
		if presence > 0 {
			args.Wake, args.Channel = semaphorev1.WakePush, "ours"
		}
		reply, err := semaphorev1.Acquire(t.Context(), rdb, keys, args)
		return must(t, reply, err)
	}
	release := func(token, successor string) semaphorev1.ReleaseReply {
		t.Helper()
		args := semaphorev1.ReleaseArgs{Token: token, Channel: "ours"}
		if successor != "" {
			args.Successor, args.Lease, args.Limit, args.Presence = successor, time.Second, 3, time.Second
		}
		reply, err := semaphorev1.Release(t.Context(), rdb, keys, args)
		return must(t, reply, err)
	}
	extend := func(token string) semaphorev1.ExtendReply {
		t.Helper()
		args := semaphorev1.ExtendArgs{Token: token, Lease: 2 * time.Second, Weight: 3, Limit: 3}
		reply, err := semaphorev1.Extend(t.Context(), rdb, keys, args)
		return must(t, reply, err)
	}
	shrink := func(token string) semaphorev1.ShrinkReply {
		t.Helper()
		args := semaphorev1.ShrinkArgs{Token: token, Weight: 2, Channel: "ours"}
		reply, err := semaphorev1.Shrink(t.Context(), rdb, keys, args)
		return must(t, reply, err)
	}
	inspect := func() semaphorev1.InspectReply {
		t.Helper()
		reply, err := semaphorev1.Inspect(t.Context(), rdb, keys, semaphorev1.InspectArgs{Rows: 10})
		return must(t, reply, err)
	}

	const fence, lease, tick = 1_700_000_000_000_000, 1500 * time.Millisecond, time.Millisecond
	equal(t, semaphorev1.AcquireGranted{Fence: fence, Lease: lease, Fences: 1}, acquire("one", 3, 0))
	equal(t, semaphorev1.AcquireHeld{Wait: lease + tick}, acquire("two", 0, 0)) // the zero value means a weight of 1
	equal(t, semaphorev1.AcquireQueued{Wait: lease + tick, Position: 1}, acquire("two", 0, time.Second))
	equal(t, semaphorev1.ExtendExtended{Fence: fence, LeaseLeft: 2 * time.Second}, extend("one"))
	equal(t, semaphorev1.ExtendNotheld{Wait: 2*time.Second + tick}, extend("two"))
	equal(t, semaphorev1.ShrinkNotheld{}, shrink("two"))
	equal(t, semaphorev1.InspectStatus{
		Used: 3, Limit: 3, Held: 1, Recorded: 1, Queued: 1, Time: fence,
		Holders: []semaphorev1.InspectStatusHoldersRow{{Token: "one", Fence: fence, Weight: 3, LeaseLeft: 2 * time.Second}},
		Waiters: []semaphorev1.InspectStatusWaitersRow{{Token: "two", Weight: 1, Limit: 3, PresenceLeft: time.Second}},
	}, inspect())
	two := semaphorev1.GrantedRow{Token: "two", Fence: fence + 1, Lease: time.Second, Fences: 1}
	equal(t, semaphorev1.ShrinkShrunk{Weight: 2, Granted: []semaphorev1.GrantedRow{two}}, shrink("one"))
	equal(t, semaphorev1.AcquireQueued{Wait: time.Second + tick, Position: 1}, acquire("three", 2, time.Second))
	equal(t, semaphorev1.ReleaseReleased{Position: 2}, release("two", "four"))
	three := semaphorev1.GrantedRow{Token: "three", Fence: fence + 2, Lease: time.Second, Fences: 1}
	equal(t, semaphorev1.ReleaseLeft{}, release("four", ""))
	equal(t, semaphorev1.ReleaseReleased{Granted: []semaphorev1.GrantedRow{three}}, release("one", ""))
	equal(t, semaphorev1.ReleaseNotheld{}, release("one", ""))
}

func must[R any](t *testing.T, reply R, err error) R {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// equal compares replies.
func equal(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("reply differs (-want +got):\n%s", d)
	}
}

// TestErrors: an argument that the script refuses comes back as its error, code and all.
func TestErrors(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	keys, err := semaphorev1.KeysOf("a")
	if err != nil {
		t.Fatal(err)
	}
	args := semaphorev1.AcquireArgs{Token: "one", Lease: time.Second, Limit: 3, Weight: 4}
	if _, err := semaphorev1.Acquire(t.Context(), rdb, keys, args); !redis.HasErrorPrefix(err, "BADARG") {
		t.Errorf("error is %v", err)
	}
}
