package interop

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// strange is what no script answers.
const strange = "STRANGE"

// TestUnknownReply: a client that meets a reply it does not know, as of a script of a later version, ends with an error. It
// neither waits on as if it were queued, nor works under a lock that it does not have, nor keeps the lock or its place.
func TestUnknownReply(t *testing.T) {
	s := server.StartT(t, server.Options{})
	rdb := redisT(t, s)
	for _, c := range contestants() {
		if !c.fenced {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := c.runtime.ready(); err != nil {
				missing(t, err)
				t.Skip(err)
			}
			for _, tag := range []string{"QUEUED", "GRANTED", "RELEASED"} {
				t.Run(tag, func(t *testing.T) { unknownReply(t, c, s, rdb, tag) })
			}
		})
	}
}

func unknownReply(t *testing.T, c contestant, s *server.Server, rdb *redis.Client, tag string) {
	host, port, err := net.SplitHostPort(forgeT(t, s.Addr(), tag))
	if err != nil {
		t.Fatal(err)
	}
	w, err := start(t.Context(), c, host, port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.stop(); err != nil {
			t.Error(err)
		}
	}()
	key := keyOf(c.name, tag)
	holder := ""
	if tag == "QUEUED" { // held all the time: a client that waits on is found out by its patience of 30 seconds
		holder = "somebody"
		if err := rdb.Set(t.Context(), key, holder, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
	counter := filepath.Join(t.TempDir(), "counter")
	if err := os.WriteFile(counter, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	a := w.turn(key, counter)
	// The SDK repeats a release whose answer it cannot read; the NOTHELD of the second says that the first one did it.
	repeated := c.name == "sdk" && tag == "RELEASED"
	if a.err == nil && !repeated {
		t.Errorf("%s with another tag is taken for an answer: %+v", tag, a)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("the client gave up after %v, when its patience ended", took)
	}
	text, err := os.ReadFile(counter)
	if worked := strings.TrimSpace(string(text)) != "0"; err != nil || worked != (tag == "RELEASED") {
		t.Errorf("the client worked: %v (%v)", worked, err)
	}
	// Some release in the background: less than a presence or a lease, which would free it as well.
	held, waiting := "", int64(0)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		held, waiting = rdb.Get(t.Context(), key).Val(), rdb.ZCard(t.Context(), "{"+key+"}:redilock:queue").Val()
		if held == holder && waiting == 0 {
			break
		}
	}
	if held != holder || waiting != 0 {
		t.Errorf("afterwards the lock is held by %q, not %q, and %d wait for it", held, holder, waiting)
	}
}

// forgeT stands between clients and a server, and gives every reply with this tag another one. Redis writes so short
// a reply at once, so that no tag is parted.
func forgeT(t *testing.T, target, tag string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		work.Wait()
	})
	forge := func(to, from net.Conn) {
		defer to.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			text := bytes.ReplaceAll(buffer[:n], bulk(tag), bulk(strange))
			if _, writeErr := to.Write(text); err != nil || writeErr != nil {
				return
			}
		}
	}
	work.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				continue
			}
			work.Go(func() { forge(client, upstream) })
			work.Go(func() {
				defer upstream.Close()
				_, _ = io.Copy(upstream, client)
			})
		}
	})
	return l.Addr().String()
}

// bulk is a tag as it is on the wire.
func bulk(tag string) []byte {
	return []byte("$" + string(rune('0'+len(tag))) + "\r\n" + tag + "\r\n")
}
