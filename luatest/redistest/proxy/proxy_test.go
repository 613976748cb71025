package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/redistest/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start gives a server, a proxy to it, and a client of the proxy that repeats nothing by itself.
func start(t *testing.T) (*miniredis.Miniredis, *proxy.Proxy, *redis.Client) {
	t.Helper()
	s := miniredis.RunT(t)
	p, err := proxy.New(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, p, connect(t, p)
}

func connect(t *testing.T, p *proxy.Proxy) *redis.Client {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{
		Addr: p.Addr(), MaxRetries: -1, ReadTimeout: 200 * time.Millisecond, DialTimeout: 200 * time.Millisecond,
	})
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

// is does something to one kind of command.
func is(command string, fate proxy.Fate) func([]string) proxy.Fate {
	return func(words []string) proxy.Fate {
		if strings.EqualFold(words[0], command) {
			return fate
		}
		return proxy.Fate{}
	}
}

func TestFates(t *testing.T) {
	t.Parallel()
	const delay = 50 * time.Millisecond
	for _, test := range []struct {
		name  string
		fate  proxy.Fate
		count string // what the server has counted afterwards
		fails bool
		least time.Duration
	}{
		{name: "as it is", count: "1"},
		{name: "dropped", fate: proxy.Fate{Drop: true}, count: "1", fails: true},
		{name: "delayed", fate: proxy.Fate{Delay: delay}, count: "1", least: delay},
		{name: "twice", fate: proxy.Fate{Twice: true}, count: "2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, p, rdb := start(t)
			p.Decide(is("incr", test.fate))
			began := time.Now()
			n, err := rdb.Incr(t.Context(), "n").Result()
			if (err != nil) != test.fails || !test.fails && n != 1 {
				t.Errorf("%d, %v", n, err)
			}
			if took := time.Since(began); took < test.least {
				t.Errorf("it took %v, less than %v", took, test.least)
			}
			p.Decide(nil)
			// The replies that follow belong to the calls that follow.
			if got, err := rdb.Get(t.Context(), "n").Result(); err != nil || got != test.count {
				t.Errorf("the server has counted %q, %v; want %s", got, err, test.count)
			}
			if err := rdb.Ping(t.Context()).Err(); err != nil {
				t.Error(err)
			}
			s.CheckGet(t, "n", test.count)
		})
	}
}

func TestMute(t *testing.T) {
	t.Parallel()
	_, p, rdb := start(t)
	sub := rdb.Subscribe(t.Context(), "news")
	t.Cleanup(func() { sub.Close() })
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, mute := range []bool{true, false} {
		p.Mute(mute)
		if n, err := rdb.Publish(t.Context(), "news", fmt.Sprint("muted: ", mute)).Result(); n != 1 || err != nil {
			t.Fatal(n, err) // calls are not muted, and the server knows of no loss
		}
		for p.Lost() == 0 && t.Context().Err() == nil { // it is on its way
			runtime.Gosched()
		}
	}
	if m, err := sub.ReceiveMessage(t.Context()); err != nil || m.Payload != "muted: false" {
		t.Errorf("got %v, %v", m, err)
	}
	if n := p.Lost(); n != 1 {
		t.Errorf("%d messages were lost, not one", n)
	}
}

func TestSilenceCutAndPoint(t *testing.T) {
	t.Parallel()
	s, p, rdb := start(t)
	p.Silence(true)
	if err := rdb.Set(t.Context(), "k", "late", 0).Err(); err == nil {
		t.Error("a silent proxy let an answer through")
	}
	if s.Exists("k") {
		t.Error("a silent proxy let a call through")
	}
	p.Silence(false)
	if err := connect(t, p).Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}

	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	replies := bufio.NewReader(conn)
	if _, err := fmt.Fprint(conn, "*1\r\n$4\r\nPING\r\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := replies.ReadString('\n'); err != nil || text != "+PONG\r\n" {
		t.Fatalf("%q, %v", text, err)
	}
	p.Cut()
	if _, err := replies.ReadString('\n'); err == nil {
		t.Error("a connection that was cut goes on")
	}

	another := miniredis.RunT(t)
	if err := another.Set("who", "another"); err != nil {
		t.Fatal(err)
	}
	p.Point(another.Addr())
	if got, err := connect(t, p).Get(t.Context(), "who").Result(); got != "another" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// What a caller decides is asked for every call, with its words as they are.
func TestDecideSeesWords(t *testing.T) {
	t.Parallel()
	_, p, rdb := start(t)
	var seen atomic.Int64
	p.Decide(func(words []string) proxy.Fate {
		if len(words) == 3 && words[2] == "two words\r\n$3" {
			seen.Add(1)
		}
		return proxy.Fate{}
	})
	if err := rdb.Set(context.Background(), "k", "two words\r\n$3", 0).Err(); err != nil || seen.Load() != 1 {
		t.Errorf("seen %d times, %v", seen.Load(), err)
	}
}

// A request that is late arrives, although its client has given it up.
func TestLate(t *testing.T) {
	t.Parallel()
	s, p, rdb := start(t)
	const late = 400 * time.Millisecond // the client waits for half of it
	p.Decide(is("incr", proxy.Fate{Late: late}))
	began := time.Now()
	if err := rdb.Incr(t.Context(), "n").Err(); err == nil || time.Since(began) >= late {
		t.Fatalf("after %v: %v", time.Since(began), err)
	}
	if s.Exists("n") {
		t.Fatal("it was not late")
	}
	for end := time.Now().Add(10 * time.Second); !s.Exists("n"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never arrived")
		}
	}
}

// A connection that is gagged says nothing any more, and does not hang up; a new one works.
func TestGag(t *testing.T) {
	t.Parallel()
	s, p, rdb := start(t)
	one := rdb.Conn()
	defer one.Close()
	if err := one.Set(t.Context(), "a", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n := p.Gag(); n != 1 {
		t.Errorf("%d connections were gagged", n)
	}
	if n := p.Gag(); n != 0 {
		t.Errorf("%d connections were gagged twice", n)
	}
	err := one.Set(t.Context(), "b", "1", 0).Err()
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || s.Exists("b") {
		t.Errorf("a gagged connection: %v", err)
	}
	if err := connect(t, p).Set(t.Context(), "c", "1", 0).Err(); err != nil {
		t.Errorf("a new connection: %v", err)
	}
}
