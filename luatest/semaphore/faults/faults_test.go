package faults_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/semaphore"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// rig is a real server with the scripts and one semaphore.
type rig struct {
	*testing.T
	server *server.Server
	conn   *resp.Conn
	keys   []string
	source map[string]string // by verb
}

// each starts a server with these options, of each kind that there is.
func each(t *testing.T, args []string, test func(r *rig)) {
	t.Helper()
	t.Parallel()
	server.ForEach(t, server.Options{Args: args}, func(t *testing.T, s *server.Server) { test(newRig(t, s)) })
}

func newRig(t *testing.T, s *server.Server) *rig {
	t.Helper()
	scripts, err := semaphore.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, server: s, source: map[string]string{}}
	if r.keys, _, err = subject.KeysOf(scripts[0], "faults"); err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		r.source[subject.Verb(script)] = script.Source
	}
	r.dial()
	t.Cleanup(func() { _ = r.conn.Close() })
	return r
}

func (r *rig) dial() {
	r.Helper()
	var err error
	if r.conn, err = resp.Dial("tcp", r.server.Addr(), time.Minute); err != nil {
		r.Fatal(err)
	}
}

// restart kills the server, starts it again, and waits until it has read what it keeps.
func (r *rig) restart() {
	r.Helper()
	_ = r.conn.Close()
	if err := r.server.Restart(r.Context()); err != nil {
		r.Fatal(err)
	}
	r.dial()
	for began := time.Now(); r.do("PING").Code() == "LOADING"; {
		if time.Since(began) > patience {
			r.Fatal("the server does not get through with loading")
		}
	}
}

// call calls a script, and gives the reply without the numbers that differ from run to run.
func (r *rig) call(verb string, args ...any) resp.Reply {
	r.Helper()
	words := append([]string{"EVAL", r.source[verb], strconv.Itoa(len(r.keys))}, r.keys...)
	for _, arg := range args {
		words = append(words, fmt.Sprint(arg))
	}
	return r.do(words...)
}

func (r *rig) do(words ...string) resp.Reply {
	r.Helper()
	reply, err := r.conn.Do(words...)
	if err != nil {
		r.Fatal(err)
	}
	return reply
}

// want calls a script that is to answer this tag, or the error of this code.
func (r *rig) want(tag, verb string, args ...any) resp.Reply {
	r.Helper()
	reply := r.call(verb, args...)
	got := reply.Code()
	if reply.Err() == nil {
		got = reply.Items[0].Text
	}
	if got != tag {
		r.Fatalf("%s %v answers %s, not %s", verb, args, reply, tag)
	}
	return reply
}

// granted asks until it is granted: that must be after least, and before most.
func (r *rig) granted(least, most time.Duration, args ...any) {
	r.Helper()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		granted := r.call("acquire", args...).Items[0].Text == "GRANTED"
		switch took := time.Since(began); {
		case granted && took < least:
			r.Fatalf("%v was granted after %v, while all permits were held", args, took)
		case granted:
			return
		case took > most:
			r.Fatalf("%v was not granted in %v", args, took)
		}
	}
}

// patience is how long a busy machine may take for what is to happen at once.
const patience = 20 * time.Second

// TestHoldersVanish has holders go without a word, as a process does that is killed: each permit is back after its lease,
// none before, and none twice.
func TestHoldersVanish(t *testing.T) {
	each(t, nil, func(r *rig) {
		const rounds, lease = 5, 60
		for round := range rounds {
			began := time.Now()
			for i := range 3 {
				r.want("GRANTED", "acquire", fmt.Sprint("gone", round, i), lease, 3)
			}
			_ = r.conn.Close()
			r.dial()
			r.granted(lease*time.Millisecond-time.Since(began), patience, fmt.Sprint("all", round), 30_000, 3, 3, 60_000)
			r.want("HELD", "acquire", "more", 30_000, 3)
			r.want("RELEASED", "release", fmt.Sprint("all", round))
		}
	})
}

// TestRestart kills a server that writes down each command: what was held is held, and the fences go on.
func TestRestart(t *testing.T) {
	each(t, []string{"--appendonly", "yes", "--appendfsync", "always"}, func(r *rig) {
		before := r.want("GRANTED", "acquire", "a", 600_000, 3, 2).Items[1].Integer
		r.want("QUEUED", "acquire", "b", 600_000, 3, 2, 60_000)
		r.restart()
		r.want("QUEUED", "acquire", "c", 600_000, 3, 1, 60_000)
		if again := r.want("GRANTED", "acquire", "a", 600_000, 3, 2).Items[1].Integer; again != before {
			r.Errorf("the fence went from %d to %d", before, again)
		}
		r.want("RELEASED", "release", "a")
		for _, token := range []string{"b", "c"} {
			weight := map[string]int{"b": 2, "c": 1}[token]
			if f := r.want("GRANTED", "acquire", token, 600_000, 3, weight).Items[1].Integer; f <= before {
				r.Errorf("the fence of %s is %d after %d", token, f, before)
			}
		}
	})
}

// TestRestartEmpty kills a server that keeps nothing: all is as new, and the fences still grow.
func TestRestartEmpty(t *testing.T) {
	each(t, nil, func(r *rig) {
		before := r.want("GRANTED", "acquire", "a", 600_000, 3, 2).Items[1].Integer
		r.restart()
		r.want("NOTHELD", "extend", "a", 600_000, 2, 3)
		if f := r.want("GRANTED", "acquire", "b", 600_000, 3, 3).Items[1].Integer; f <= before {
			r.Errorf("the fence is %d after %d", f, before)
		}
	})
}

// TestMemoryFull has a server that is out of memory: nothing new is granted, and all that is held is extended, shrunk and
// given back.
func TestMemoryFull(t *testing.T) {
	each(t, nil, func(r *rig) {
		r.want("GRANTED", "acquire", "a", 600_000, 3, 2)
		r.want("GRANTED", "acquire", "b", 600_000, 3, 1)
		r.do("CONFIG", "SET", "maxmemory", "1")
		r.want("OOM", "acquire", "c", 600_000, 3, 1, 60_000)
		r.want("EXTENDED", "extend", "a", 700_000)
		r.want("SHRUNK", "shrink", "a", 1)
		r.want("RELEASED", "release", "b")
		r.want("RELEASED", "release", "a")
		r.do("CONFIG", "SET", "maxmemory", "0")
		r.want("GRANTED", "acquire", "c", 600_000, 3, 3)
	})
}

// TestKeysLost loses each key, and has one of another type: there are never too many permits in use, nobody is stranded.
func TestKeysLost(t *testing.T) {
	each(t, nil, func(r *rig) {
		holders, fence, pending, members := r.keys[0], r.keys[1], r.keys[2], r.keys[3]
		last := r.want("GRANTED", "acquire", "a", 600_000, 3, 2).Items[1].Integer
		r.want("QUEUED", "acquire", "b", 600_000, 3, 2, 60_000)

		r.do("DEL", fence, pending, members)
		r.want("QUEUED", "acquire", "b", 600_000, 3, 2, 60_000) // its place is lost, and nobody was ahead
		r.want("HELD", "acquire", "c", 600_000, 3)              // nobody knows what a holds
		r.want("EXTENDED", "extend", "a", 600_000, 2, 3)
		r.want("HELD", "acquire", "c", 600_000, 3) // b waits
		r.want("LEFT", "release", "b")
		if f := r.want("GRANTED", "acquire", "c", 600_000, 3).Items[1].Integer; f <= last {
			r.Errorf("the fence is %d after %d", f, last)
		}
		r.want("HELD", "acquire", "d", 600_000, 3)

		r.do("DEL", members)
		r.do("SET", members, "x") // another program's
		r.want("WRONGTYPE", "acquire", "d", 600_000, 3)
		r.want("RELEASED", "release", "a")
		r.want("RELEASED", "release", "c")
		r.want("WRONGTYPE", "acquire", "d", 600_000, 3)
		r.do("DEL", members)
		r.want("GRANTED", "acquire", "d", 600_000, 3, 3)

		r.do("DEL", holders)
		r.want("GRANTED", "acquire", "e", 600_000, 3, 3)
		r.want("NOTHELD", "extend", "d", 600_000, 3, 3)
		r.want("RELEASED", "release", "e")
		if n := r.do("EXISTS", holders, pending, members); n.Integer != 0 {
			r.Errorf("%d keys are left", n.Integer)
		}
	})
}
