package engine

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// remote is an engine behind a socket.
type remote struct {
	name, version, kind string
	network, address    string
	database            int
	conn                *resp.Conn
	subscriber          *resp.Conn          // opened by the first Subscribe
	received            map[string][]string // channel → messages that nobody asked for yet
	advance             func(time.Duration) error
	close               func() error
}

// open connects to the database, and empties it.
func (e *remote) open() error {
	conn, err := resp.Dial(e.network, e.address, patience)
	if err != nil {
		return err
	}
	e.conn, e.received = conn, map[string][]string{}
	if err := e.must("SELECT", strconv.Itoa(e.database)); err != nil {
		return err
	}
	return e.FlushAll()
}

func (e *remote) Name() string    { return e.name }
func (e *remote) Version() string { return e.version }
func (e *remote) Kind() string    { return e.kind }

func (e *remote) Load(source string) (string, error) {
	reply, err := e.conn.Do("SCRIPT", "LOAD", source)
	return reply.Text, errors.Join(err, reply.Err())
}

func (e *remote) Call(sha1 string, keys, args []string) (resp.Reply, error) {
	words := append([]string{"EVALSHA", sha1, strconv.Itoa(len(keys))}, keys...)
	return e.conn.Do(append(words, args...)...)
}

func (e *remote) Do(args ...string) (resp.Reply, error) { return e.conn.Do(args...) }

// must runs a command that answers no error.
func (e *remote) must(args ...string) error {
	reply, err := e.conn.Do(args...)
	return errors.Join(err, reply.Err())
}

func (e *remote) Advance(d time.Duration) error { return e.advance(d + margin) }

// FlushAll empties this engine's database alone: others share the server.
func (e *remote) FlushAll() error { return e.must("FLUSHDB") }

func (e *remote) Subscribe(channels ...string) error {
	if e.subscriber == nil {
		conn, err := resp.Dial(e.network, e.address, patience)
		if err != nil {
			return err
		}
		e.subscriber = conn
	}
	return e.subscribe("SUBSCRIBE", "subscribe", channels)
}

func (e *remote) Unsubscribe(channels ...string) error {
	return e.subscribe("UNSUBSCRIBE", "unsubscribe", channels)
}

// subscribe sends a command and waits until each of its channels is confirmed.
func (e *remote) subscribe(command, confirmation string, channels []string) error {
	if err := e.subscriber.Send(append([]string{command}, channels...)...); err != nil {
		return err
	}
	for range channels {
		if err := e.receiveUntil(confirmation); err != nil {
			return err
		}
	}
	return nil
}

// receiveUntil keeps the messages that come before one of the given kind.
func (e *remote) receiveUntil(kind string) error {
	for {
		reply, err := e.subscriber.Receive()
		switch {
		case err != nil:
			return err
		case reply.Kind == resp.KindStatus && reply.Text == "PONG" && kind == "pong":
			return nil // the answer once the last channel is left
		case reply.Kind != resp.KindArray || len(reply.Items) < 2:
			return fmt.Errorf("engine: a subscription received %s", reply)
		case reply.Items[0].Text == kind:
			return nil
		case reply.Items[0].Text == "message":
			channel := reply.Items[1].Text
			e.received[channel] = append(e.received[channel], reply.Items[2].Text)
		}
	}
}

// Messages asks the server for a PONG on the subscription: what was published before stands in front of it. (Not in
// miniredis, where a message is written by another goroutine: hence the loop.)
func (e *remote) Messages(channel string, atLeast int) ([]string, error) {
	if e.subscriber == nil {
		return nil, errors.New("engine: not subscribed to " + channel)
	}
	for deadline := time.Now().Add(patience); ; {
		if err := e.subscriber.Send("PING"); err != nil {
			return nil, err
		}
		if err := e.receiveUntil("pong"); err != nil {
			return nil, err
		}
		if len(e.received[channel]) >= atLeast || time.Now().After(deadline) || e.kind == KindReal {
			messages := e.received[channel]
			delete(e.received, channel)
			return messages, nil
		}
	}
}

func (e *remote) Close() error {
	var err error
	if e.subscriber != nil {
		err = e.subscriber.Close()
	}
	if e.conn != nil {
		err = errors.Join(err, e.conn.Close())
	}
	if e.close != nil {
		err = errors.Join(err, e.close())
	}
	return err
}
