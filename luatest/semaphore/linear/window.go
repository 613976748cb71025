package linear

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zferentz/go-redilock/luatest/history"
	"github.com/zferentz/go-redilock/luatest/resp"
)

const (
	longLease  = 20 * time.Second      // of what is released: it does not end before, unless all stands still
	shortLease = 30 * time.Millisecond // of what is left to run out
	slack      = 20 * time.Millisecond // between what a server's clock and ours make of it
	presence   = 20 * time.Second

	patience = 2 * time.Second // of a client that waits: after it, it waits no more, and its place stays

	workers = 4
	rounds  = 4 // of each worker
)

// window is a short history of one semaphore of its own.
type window struct {
	history.History
	seed   uint64
	server *Server
	keys   []string
	grants atomic.Uint32
}

// Server is where windows run: connections that they share, and the scripts that were loaded.
type Server struct {
	conns chan *resp.Conn
	sha1  map[string]string // by verb
	keys  func(name string) ([]string, error)
	// careless has clients keep what has run out: a test of the check.
	careless bool
}

// run has every worker use the semaphore, and checks what they saw.
func (s *Server) run(ctx context.Context, seed uint64) (int, error) {
	w := &window{seed: seed, server: s}
	var err error
	if w.keys, err = s.keys(fmt.Sprintf("linear:sem:%d", seed)); err != nil {
		return 0, err
	}
	w.Start = time.Now()
	var wg sync.WaitGroup
	for i := range workers {
		conn := <-s.conns
		wg.Go(func() {
			defer func() { s.conns <- conn }()
			c := &client{window: w, Rand: rand.New(rand.NewPCG(seed, uint64(i))), conn: conn, id: i}
			for range rounds {
				if ctx.Err() == nil {
					c.turn()
				}
			}
		})
	}
	wg.Wait()
	conn := <-s.conns
	_, err = conn.Do(append([]string{"DEL"}, w.keys...)...)
	s.conns <- conn
	if err != nil {
		return 0, err
	}
	return w.Check(model, seed)
}

// client is a worker in a window.
type client struct {
	*window
	*rand.Rand
	conn *resp.Conn
	id   int
}

// token is that of a grant.
func token(g uint8) string { return "t" + strconv.Itoa(int(g)) }

func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// call calls a script. What is no reply of the protocol spoils the window.
func (c *client) call(verb string, args ...string) (items []resp.Reply, at time.Duration) {
	words := append([]string{"EVALSHA", c.server.sha1[verb], strconv.Itoa(len(c.keys))}, c.keys...)
	at = c.Now()
	reply, err := c.conn.Do(append(words, args...)...)
	if err == nil {
		err = reply.Err()
	}
	if err != nil {
		c.Spoil(fmt.Errorf("%s %v: %w", verb, args, err))
		return []resp.Reply{resp.String("")}, at
	}
	return reply.Items, at
}

// turn is one thing that a client does: it takes permits, or tries to, and gives them back.
func (c *client) turn() {
	g := uint8(c.grants.Add(1))
	weight := uint8(1 + c.IntN(limit))
	lease := longLease
	if c.IntN(8) == 0 {
		lease = shortLease
	}
	began := c.Now()
	if !c.acquire(g, weight, lease, c.IntN(4) > 0) {
		return
	}
	if lease == shortLease {
		from := began + shortLease
		if c.server.careless {
			time.Sleep(2 * shortLease)
			from = c.Now()
		}
		c.AddUntil(c.id, event{kind: ended, grant: g}, from, max(from, c.Now()+shortLease+slack))
		return
	}
	c.use(g, weight)
}

// acquire asks until it is granted, or gives up.
func (c *client) acquire(g, weight uint8, lease time.Duration, waits bool) bool {
	args := []string{token(g), ms(lease), strconv.Itoa(limit), strconv.Itoa(int(weight))}
	if waits {
		args = append(args, ms(presence))
	}
	if lease == shortLease {
		args = args[:4] // an admission that it does not hear of in time would be over
	}
	began := c.Now()
	for asked := 0; c.Now() < began+patience; asked++ {
		items, at := c.call("acquire", args...)
		switch items[0].Text {
		case "GRANTED":
			c.Add(c.id, event{kind: granted, grant: g, weight: weight, fence: items[1].Integer}, at)
			return true
		case "HELD":
			c.Add(c.id, event{kind: held, grant: g, weight: weight}, at)
			return false
		case "QUEUED":
			c.Add(c.id, event{kind: queued, grant: g, weight: weight, place: uint8(items[2].Integer)}, at)
		default:
			return false
		}
		if asked == 6 && c.IntN(3) == 0 {
			c.release(g, 0)
			return false
		}
		time.Sleep(time.Duration(c.IntN(1+min(asked, 100)*300)) * time.Microsecond) // a poll
	}
	return false
}

// use extends, shrinks, and gives back what it has, perhaps to a successor.
func (c *client) use(g, weight uint8) {
	if c.IntN(4) == 0 {
		items, at := c.call("extend", token(g), ms(longLease), strconv.Itoa(int(weight)), strconv.Itoa(limit))
		if items[0].Text == "EXTENDED" {
			c.Add(c.id, event{kind: extended, grant: g, fence: items[1].Integer}, at)
		} else {
			c.Add(c.id, event{kind: gone, grant: g}, at)
		}
	}
	if weight > 1 && c.IntN(2) == 0 {
		items, at := c.call("shrink", token(g), strconv.Itoa(int(weight)-1))
		if items[0].Text == "SHRUNK" {
			c.Add(c.id, event{kind: shrunk, grant: g, weight: uint8(items[1].Integer)}, at)
		} else {
			c.Add(c.id, event{kind: gone, grant: g}, at)
		}
	}
	if c.IntN(4) > 0 {
		c.release(g, 0)
		return
	}
	next, wants := uint8(c.grants.Add(1)), uint8(1+c.IntN(limit))
	switch place := c.release(g, next, strconv.Itoa(int(wants))); {
	case place < 0:
	case place == 0 || c.acquire(next, wants, longLease, true):
		c.release(next, 0)
	}
}

// release gives back a grant, or a place. It says where the successor waits; 0: it holds, -1: neither.
func (c *client) release(g, next uint8, wants ...string) int {
	args := []string{token(g)}
	e := event{kind: released, grant: g, next: next}
	if next > 0 {
		args = append(args, "", token(next), ms(longLease), strconv.Itoa(limit), wants[0], ms(presence))
		n, _ := strconv.Atoi(wants[0])
		e.wants = uint8(n)
	}
	items, at := c.call("release", args...)
	switch items[0].Text {
	case "LEFT":
		e.kind = left
	case "NOTHELD":
		e.kind = lost
	case "":
		return -1
	case "RELEASED":
		e.place = uint8(items[1].Integer)
		for _, told := range items[3].Items {
			if next > 0 && told.Items[0].Text == token(next) {
				e.told = told.Items[1].Integer
			}
		}
	}
	c.Add(c.id, e, at)
	return int(e.place)
}

// connect opens connections to a server for so many windows at a time, and loads the scripts.
func connect(addr string, parallel int, sources map[string]string, keys func(string) ([]string, error)) (*Server, error) {
	s := &Server{conns: make(chan *resp.Conn, parallel*workers), sha1: map[string]string{}, keys: keys}
	for range parallel * workers {
		conn, err := resp.Dial("tcp", addr, time.Minute)
		if err != nil {
			return s, err
		}
		s.conns <- conn
	}
	conn := <-s.conns
	defer func() { s.conns <- conn }()
	for verb, source := range sources {
		reply, err := conn.Do("SCRIPT", "LOAD", source)
		if err != nil || reply.Err() != nil {
			return s, fmt.Errorf("%s: %s, %w", verb, reply, err)
		}
		s.sha1[verb] = reply.Text
	}
	return s, nil
}

// close closes the connections.
func (s *Server) close() {
	for {
		select {
		case conn := <-s.conns:
			_ = conn.Close()
		default:
			return
		}
	}
}
