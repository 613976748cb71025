package scripts_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts"
)

// losing is a proxy in front of a server: it passes every command on, and in place of the reply to an EVALSHA that ran it
// closes the connection, as many times as lose says.
type losing struct {
	addr string
	lose atomic.Int64
}

func loseReplies(t *testing.T, server string) *losing {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &losing{addr: l.Addr().String()}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client, server)
		}
	}()
	return p
}

func (p *losing) serve(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer func() { _ = upstream.Close() }()
	var evalsha atomic.Bool
	go func() {
		in := bufio.NewReader(client)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				_ = upstream.Close()
				return
			}
			if strings.EqualFold(strings.TrimSpace(line), "evalsha") {
				evalsha.Store(true)
			}
			if _, err := io.WriteString(upstream, line); err != nil {
				return
			}
		}
	}()
	reply := make([]byte, 4096)
	for {
		n, err := upstream.Read(reply)
		if err != nil {
			return
		}
		ran := evalsha.Load() && !strings.HasPrefix(string(reply[:n]), "-NOSCRIPT")
		if ran && p.lose.Add(-1) >= 0 {
			return
		}
		if _, err := client.Write(reply[:n]); err != nil {
			return
		}
	}
}

// TestUnsafe: where replies are lost, a script that is not safe to repeat runs once, by every way of sending it, and the
// error says that it may have run. A script that is safe is sent again.
func TestUnsafe(t *testing.T) {
	t.Parallel()
	ways := map[string]func(context.Context, redis.UniversalClient, *scripts.Call[int64]) error{
		"Do": func(ctx context.Context, rdb redis.UniversalClient, c *scripts.Call[int64]) error {
			_, err := c.Do(ctx, rdb)
			return err
		},
		"Pipeline": func(ctx context.Context, rdb redis.UniversalClient, c *scripts.Call[int64]) error {
			scripts.Pipeline(ctx, rdb, c)
			_, err := c.Result()
			return err
		},
		"Pipeline and Again": func(ctx context.Context, rdb redis.UniversalClient, c *scripts.Call[int64]) error {
			scripts.Pipeline(ctx, rdb, c)
			_, err := c.Again(ctx, rdb)
			return err
		},
	}
	for name, send := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := miniredis.RunT(t)
			proxy := loseReplies(t, server.Addr())
			rdb := redis.NewClient(&redis.Options{Addr: proxy.addr, Protocol: 2, DisableIdentity: true,
				ReadTimeout: 10 * time.Second})
			t.Cleanup(func() { _ = rdb.Close() })
			unsafe := *bump
			unsafe.Unsafe = true
			if total, err := call(&unsafe, "n", 1).Do(t.Context(), rdb); err != nil || total != 1 {
				t.Fatalf("without a loss: %d, %v", total, err)
			}
			proxy.lose.Store(1)
			err := send(t.Context(), rdb, call(&unsafe, "n", 1))
			var said *scripts.MayHaveRunError
			if !errors.As(err, &said) || said.Script != "counter.bump v1" || !errors.Is(err, io.EOF) {
				t.Errorf("error is %v", err)
			}
			if got, _ := server.Get("n"); got != "2" {
				t.Errorf("two calls counted to %s", got)
			}
			proxy.lose.Store(1)
			if _, err := call(bump, "safe", 1).Do(t.Context(), rdb); err != nil {
				t.Errorf("a safe script is not sent again: %v", err)
			}
			if got, _ := server.Get("safe"); got != "2" {
				t.Errorf("the reply of a safe script was not lost: %s", got)
			}
		})
	}
}

// TestUnsafeNotRun: what surely has not run is sent again, unsafe or not.
func TestUnsafeNotRun(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	w := &watch{}
	w.answer = func(cmd redis.Cmder) (error, bool) {
		if len(w.sent) == 1 {
			return refused, true
		}
		cmd.(interface{ SetVal(any) }).SetVal([]any{"TOTAL", int64(5)})
		return nil, true
	}
	unsafe := *bump
	unsafe.Unsafe = true
	total, err := call(&unsafe, "n", 5).Do(t.Context(), hooked(t, w))
	if err != nil || total != 5 || len(w.sent) != 2 {
		t.Errorf("%d, %v after %d sendings", total, err, len(w.sent))
	}
}
