package mutexv1_test

import (
	"crypto/sha1"
	"encoding/hex"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// TestReplies takes one lock through its life by the bindings: every reply comes out as its own type.
func TestReplies(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	server.SetTime(time.Unix(1_700_000_000, 0)) // no lease runs while the test does
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	keys := mutexv1.Keys{Lock: "a", Fence: "{a}:fence", Queue: "{a}:queue", Waiters: "{a}:waiters"}

	acquire := func(token string, presence time.Duration) mutexv1.AcquireReply {
		t.Helper()
		reply, err := mutexv1.Acquire(t.Context(), rdb, keys,
			mutexv1.AcquireArgs{Token: token, Lease: 1500 * time.Millisecond, Presence: presence})
		return must(t, reply, err)
	}
	extend := func(token string) mutexv1.ExtendReply {
		t.Helper()
		reply, err := mutexv1.Extend(t.Context(), rdb, keys, mutexv1.ExtendArgs{Token: token, Lease: 2 * time.Second})
		return must(t, reply, err)
	}
	release := func(token, successor string) mutexv1.ReleaseReply {
		t.Helper()
		args := mutexv1.ReleaseArgs{Token: token, Successor: successor}
		if successor != "" {
			args.Lease, args.Presence = time.Second, time.Second
		}
		reply, err := mutexv1.Release(t.Context(), rdb, keys, args)
		return must(t, reply, err)
	}
	inspect := func() mutexv1.InspectReply {
		t.Helper()
		reply, err := mutexv1.Inspect(t.Context(), rdb, keys, mutexv1.InspectArgs{Limit: 10})
		return must(t, reply, err)
	}

	const fence = 1_700_000_000_000_000
	equal(t, mutexv1.AcquireGranted{Fence: fence, Lease: 1500 * time.Millisecond, Fences: 1}, acquire("one", 0))
	equal(t, mutexv1.AcquireHeld{HolderPTTL: 1500 * time.Millisecond}, acquire("two", 0))
	equal(t, mutexv1.AcquireQueued{HolderPTTL: 1500 * time.Millisecond, Position: 1}, acquire("two", time.Minute))
	equal(t, mutexv1.ExtendExtended{Fence: fence, LeaseLeft: 2 * time.Second}, extend("one"))
	equal(t, mutexv1.ExtendNotheld{HolderPTTL: 2 * time.Second}, extend("two"))
	equal(t, mutexv1.InspectStatus{
		Holder: "one", HolderPTTL: 2 * time.Second, Fence: fence, Time: fence, Queued: 1,
		Waiters: []mutexv1.InspectStatusWaitersRow{{Token: "two", PresenceLeft: time.Minute}},
	}, inspect())
	equal(t, mutexv1.ReleaseNotheld{}, release("three", ""))
	equal(t, mutexv1.ReleaseReleased{Position: 1}, release("one", "four"))
	equal(t, mutexv1.ReleaseLeft{}, release("four", ""))
	equal(t, mutexv1.ReleaseHanded{Token: "five", Fence: fence + 2, Lease: time.Second, Fences: 1}, release("two", "five"))
	equal(t, mutexv1.ReleaseReleased{}, release("five", ""))
	equal(t, mutexv1.InspectStatus{HolderPTTL: -2 * time.Millisecond, Fence: fence + 2, Time: fence}, inspect())
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
	_, err := mutexv1.Acquire(t.Context(), rdb, mutexv1.Keys{Lock: "a"}, mutexv1.AcquireArgs{Token: "one"})
	if !redis.HasErrorPrefix(err, "BADARG") {
		t.Errorf("error is %v", err)
	}
}

func TestSHA1(t *testing.T) {
	t.Parallel()
	if len(mutexv1.Scripts()) != 4 {
		t.Errorf("%d scripts", len(mutexv1.Scripts()))
	}
	for _, s := range mutexv1.Scripts() {
		if sum := sha1.Sum([]byte(s.Source)); hex.EncodeToString(sum[:]) != s.SHA1 {
			t.Errorf("%s: the SHA1 is not that of the source", s.Name)
		}
	}
	if mutexv1.AcquireScript().SHA1 != mutexv1.AcquireSHA1 {
		t.Error("AcquireSHA1 is not that of the script")
	}
}
