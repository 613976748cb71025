package scripts_test

import (
	"errors"
	"io"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts"
)

// TestTx: a call can be sent on the connection that watches, and in the transaction.
func TestTx(t *testing.T) {
	t.Parallel()
	rdb, ctx := client(t), t.Context()
	queued := call(bump, "n", 3)
	other := call(peek, "n")
	err := rdb.Watch(ctx, func(tx *redis.Tx) error {
		if total, err := call(peek, "n").Do(ctx, tx); err != nil || total != 0 {
			t.Errorf("on the connection that watches: %d, %v", total, err)
		}
		if err := bump.Load(ctx, rdb); err != nil {
			return err
		}
		_, err := tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			if err := errors.Join(queued.Queue(ctx, pipe), other.Queue(ctx, pipe)); err != nil {
				return err
			}
			if _, err := queued.Result(); !errors.Is(err, scripts.ErrNotExecuted) {
				t.Errorf("before Exec: %v", err)
			}
			return nil
		})
		return err
	}, "n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*scripts.Call[int64]{queued, other, queued} {
		if total, err := c.Result(); err != nil || total != 3 {
			t.Errorf("%d, %v", total, err)
		}
	}
	if total, err := queued.Do(ctx, rdb); err != nil || total != 6 {
		t.Errorf("sent by itself afterwards: %d, %v", total, err)
	}
}

// TestWatched: a transaction that somebody else spoiled brings no reply.
func TestWatched(t *testing.T) {
	t.Parallel()
	rdb, ctx := client(t), t.Context()
	queued := call(bump, "n", 1)
	if err := bump.Load(ctx, rdb); err != nil {
		t.Fatal(err)
	}
	err := rdb.Watch(ctx, func(tx *redis.Tx) error {
		if err := rdb.Set(ctx, "n", 5, 0).Err(); err != nil {
			return err
		}
		_, err := tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error { return queued.Queue(ctx, pipe) })
		return err
	}, "n")
	if !errors.Is(err, redis.TxFailedErr) {
		t.Fatal(err)
	}
	if total, err := queued.Result(); err == nil {
		t.Errorf("%d without an error", total)
	}
}

// TestPipelineAsClient: what does not answer is no client, and says what to do.
func TestPipelineAsClient(t *testing.T) {
	t.Parallel()
	rdb := client(t)
	pipe := rdb.Pipeline()
	c := call(bump, "n", 1)
	if _, err := c.Do(t.Context(), pipe); !errors.Is(err, scripts.ErrPipeline) {
		t.Errorf("%v", err)
	}
	if pipe.Len() != 0 {
		t.Errorf("%d commands were queued", pipe.Len())
	}
	if c.MayHaveRun() {
		t.Error("it may have run")
	}
}

// TestQueueUnknown: a server that does not know the script says so, and the other calls run.
func TestQueueUnknown(t *testing.T) {
	t.Parallel()
	rdb, ctx := client(t), t.Context()
	if err := bump.Load(ctx, rdb); err != nil {
		t.Fatal(err)
	}
	pipe := rdb.Pipeline()
	unknown, known := call(peek, "n"), call(bump, "n", 2)
	if err := errors.Join(unknown.Queue(ctx, pipe), known.Queue(ctx, pipe)); err != nil {
		t.Fatal(err)
	}
	_, _ = pipe.Exec(ctx) // the error is the first command's
	if _, err := unknown.Result(); !redis.HasErrorPrefix(err, "NOSCRIPT") {
		t.Errorf("%v", err)
	}
	if total, err := known.Result(); err != nil || total != 2 {
		t.Errorf("%d, %v", total, err)
	}
}

// TestConnOnce: a call whose reply is lost is not sent again on a connection of its own, nor by a pipeline of the caller.
func TestConnOnce(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]func(*testing.T, *redis.Client, *scripts.Call[int64]) error{
		"conn": func(t *testing.T, rdb *redis.Client, c *scripts.Call[int64]) error {
			conn := rdb.Conn()
			defer conn.Close()
			_, err := c.Do(t.Context(), conn)
			return err
		},
		"pipeline": func(t *testing.T, rdb *redis.Client, c *scripts.Call[int64]) error {
			pipe := rdb.Pipeline()
			if err := c.Queue(t.Context(), pipe); err != nil {
				return err
			}
			_, _ = pipe.Exec(t.Context())
			_, err := c.Result()
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			memory := miniredis.RunT(t)
			p := loseReplies(t, memory.Addr())
			rdb := redis.NewClient(&redis.Options{Addr: p.addr, Protocol: 2, DisableIdentity: true})
			t.Cleanup(func() { _ = rdb.Close() })
			if err := bump.Load(t.Context(), rdb); err != nil {
				t.Fatal(err)
			}
			p.lose.Store(1)
			unsafe := *bump
			unsafe.Unsafe = true
			c := call(&unsafe, "n", 1)
			err := on(t, rdb, c)
			if !errors.As(err, new(*scripts.MayHaveRunError)) || !c.MayHaveRun() {
				t.Errorf("%v", err)
			}
			p.lose.Store(1)
			if err := on(t, rdb, call(bump, "n", 1)); !errors.Is(err, io.EOF) {
				t.Errorf("%v", err)
			}
			if got, _ := memory.Get("n"); got != "2" {
				t.Errorf("two calls ran %s times", got)
			}
		})
	}
}
