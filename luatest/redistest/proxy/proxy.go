// Package proxy stands between a client and its server and does what networks do: it loses a reply after the server has
// run the call, delays it, delivers a request twice, goes silent without hanging up, hangs up. It knows where one request
// and one reply end, which finds more than dropping packets does.
package proxy

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"sync"
	"time"
)

// Fate is what becomes of one call.
type Fate struct {
	// Drop loses the reply: the server has run the call, and the client's connection breaks.
	Drop bool
	// Delay holds the reply back.
	Delay time.Duration
	// Late holds the request back on its way, so that it arrives although its client may have hung up by then. What the
	// client sends behind it on the same connection waits as well.
	Late time.Duration
	// Twice delivers the request twice; the client sees the first reply.
	Twice bool
}

// Proxy forwards loopback connections to one server. Its methods may be called at any time.
type Proxy struct {
	listener net.Listener
	work     sync.WaitGroup

	mu     sync.Mutex
	target string
	decide func(command []string) Fate
	silent chan struct{} // closed when it speaks again; nil: it is not silent
	links  map[*link]bool
	mute   bool
	lost   int // messages
	conns  map[net.Conn]bool
	closed bool
}

// New starts a proxy to a server, on a free loopback port.
func New(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, conns: make(map[net.Conn]bool), links: make(map[*link]bool)}
	p.work.Go(p.accept)
	return p, nil
}

// Addr is where it listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Decide sets what becomes of each call from now on; nil: nothing but good. The function is called with the request's
// words, from several goroutines.
func (p *Proxy) Decide(fate func(command []string) Fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decide = fate
}

// Silence makes it swallow everything in both directions without hanging up, as a network that is cut does; or makes it
// speak again, when what was swallowed on its way is delivered late.
func (p *Proxy) Silence(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case on && p.silent == nil:
		p.silent = make(chan struct{})
	case !on && p.silent != nil:
		close(p.silent)
		p.silent = nil
	}
}

// Gag makes the connections that are open now silent for good, in both directions and without hanging up, and says how many
// they are. Those that are opened later are not.
func (p *Proxy) Gag() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for l := range p.links {
		if !l.gagged {
			l.gagged = true
			n++
		}
	}
	return n
}

// Mute makes it lose the messages of subscriptions, and nothing else; or lets them through again.
func (p *Proxy) Mute(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = on
}

// Lost is how many messages it has lost.
func (p *Proxy) Lost() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

// Point makes it forward new connections to another server.
func (p *Proxy) Point(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Cut hangs up every connection. New ones are taken.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// Close ends the proxy and waits for its goroutines.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	for l := range p.links {
		close(l.closed)
	}
	p.links = nil
	p.mu.Unlock()
	p.Silence(false)
	err := p.listener.Close()
	p.Cut()
	p.work.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.serve(client) })
	}
}

// keep notes an open connection. It reports false if the proxy is closed.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// link is a connection through the proxy.
type link struct {
	gagged bool          // guarded by Proxy.mu
	closed chan struct{} // with the proxy
}

// link notes a connection. It gives nil if the proxy is closed.
func (p *Proxy) link() *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	l := &link{closed: make(chan struct{})}
	p.links[l] = true
	return l
}

// speak waits while the proxy is silent. It reports false if the connection is for good.
func (p *Proxy) speak(l *link) bool {
	p.mu.Lock()
	silent, gagged := p.silent, l.gagged
	p.mu.Unlock()
	if gagged {
		<-l.closed
		return false
	}
	if silent != nil {
		<-silent
	}
	return true
}

// loses reports whether a message is to be lost.
func (p *Proxy) loses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mute {
		p.lost++
	}
	return p.mute
}

func (p *Proxy) fate(command []string) Fate {
	p.mu.Lock()
	decide := p.decide
	p.mu.Unlock()
	if decide == nil {
		return Fate{}
	}
	return decide(command)
}

var errDropped = errors.New("proxy: reply dropped")

// serve forwards one connection until either side hangs up.
func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		_ = client.Close()
		return
	}
	if !p.keep(client) || !p.keep(server) {
		p.drop(client, server)
		return
	}
	defer p.drop(client, server)
	l := p.link()
	if l == nil {
		return
	}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.links, l)
	}()
	fates := make(chan Fate, 1<<16) // of the calls that have no reply yet
	p.work.Go(func() {
		defer p.drop(client, server)
		defer close(fates)
		requests := bufio.NewReader(client)
		for {
			raw, words, err := frame(requests)
			if err != nil {
				return
			}
			fate := p.fate(words)
			if fate.Late > 0 {
				time.Sleep(fate.Late)
			}
			if !p.speak(l) {
				return
			}
			fates <- fate
			if fate.Twice {
				fates <- Fate{}
				raw = append(raw, raw...)
			}
			if _, err := server.Write(raw); err != nil {
				return
			}
		}
	})
	_ = p.replies(l, client, bufio.NewReader(server), fates)
}

// replies forwards what a server says. What comes without a call waiting for it is a message of a subscription.
func (p *Proxy) replies(l *link, client net.Conn, server *bufio.Reader, fates chan Fate) error {
	skip := false
	for {
		raw, words, err := frame(server)
		if err != nil {
			return err
		}
		var fate Fate
		if isMessage(words) {
			if p.loses() {
				continue
			}
		} else {
			select {
			case fate = <-fates:
			default:
			}
		}
		if skip { // the second reply to a request that was delivered twice
			skip = false
			continue
		}
		skip = fate.Twice
		if fate.Delay > 0 {
			time.Sleep(fate.Delay)
		}
		if !p.speak(l) {
			return errDropped
		}
		if fate.Drop {
			return errDropped
		}
		if _, err := client.Write(raw); err != nil {
			return err
		}
	}
}

func isMessage(words []string) bool {
	return len(words) > 0 && strings.HasSuffix(strings.ToLower(words[0]), "message")
}
