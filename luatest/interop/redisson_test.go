package interop

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// TestRedisson: its RLock is a hash. So it cannot exclude ours, and neither side may believe that it does: both answer an
// error, and change nothing.
func TestRedisson(t *testing.T) {
	if err := java.ready(); err != nil {
		missing(t, err)
		t.Skip(err)
	}
	s := server.StartT(t, server.Options{})
	w := startT(t, contestant{name: "redisson", runtime: java, command: javaWorker}, s)
	t.Log(w.version)
	rdb := redisT(t, s)
	locks, err := redilock.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	defer locks.Close()
	ours, err := locks.Mutex("ours", time.Minute).Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a := w.turn("ours", t.TempDir()); a.err == nil || !strings.Contains(a.err.Error(), "WRONGTYPE") {
		t.Errorf("Redisson on our lock: %v, not WRONGTYPE", a.err)
	}
	if err := ours.Unlock(t.Context()); err != nil {
		t.Errorf("our lock after Redisson's attempt: %v", err)
	}
	if a := w.hold("theirs"); a.err != nil {
		t.Fatal(a.err)
	}
	before := rdb.HGetAll(t.Context(), "theirs").Val()
	for name, attempt := range map[string]func() (*redilock.Lock, error){
		"Lock":    func() (*redilock.Lock, error) { return locks.Mutex("theirs", time.Minute).Lock(t.Context()) },
		"TryLock": func() (*redilock.Lock, error) { return locks.Mutex("theirs", time.Minute).TryLock(t.Context()) },
	} {
		if _, err := attempt(); !errors.Is(err, redilock.ErrWrongType) {
			t.Errorf("%s on Redisson's lock: %v, not ErrWrongType", name, err)
		}
	}
	if after := rdb.HGetAll(t.Context(), "theirs").Val(); len(after) != 1 || len(before) != 1 {
		t.Errorf("Redisson's lock was %v, and is %v", before, after)
	}
}
