package diff

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// patience bounds the wait for the replies of a batch.
const patience = time.Minute

// real is a server. Whole batches go out without waiting for a reply.
type real struct {
	plan       *Plan
	server     *server.Server
	conn       net.Conn
	reader     *bufio.Reader
	subscriber *resp.Conn
	sha1       map[string]string // of the scripts behind the prelude, by verb
	foreign    string
	lapse      string
	dump       string
}

// NewReal makes a runner of a running server that nobody else uses. Closing it leaves the server running.
func (p *Plan) NewReal(s *server.Server, scripts []dist.Script) (Runner, error) {
	r := &real{plan: p, server: s, sha1: map[string]string{}}
	if err := r.open(scripts); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *real) open(scripts []dist.Script) (err error) {
	if r.subscriber, err = resp.Dial("tcp", r.server.Addr(), patience); err != nil {
		return err
	}
	load := func(source string) (sha1 string) {
		reply, failed := r.subscriber.Do("SCRIPT", "LOAD", source)
		err = errors.Join(err, failed, reply.Err())
		return reply.Text
	}
	for _, s := range scripts {
		r.sha1[subject.Verb(s)] = load(Variant(s.Source))
	}
	r.foreign, r.lapse, r.dump = load(Variant(foreign)), load(lapse), load(Variant(dump))
	if err != nil {
		return err
	}
	if _, err = r.subscriber.Do("SUBSCRIBE", Listened); err != nil {
		return err
	}
	if r.conn, err = net.DialTimeout("tcp", r.server.Addr(), patience); err != nil {
		return err
	}
	r.reader = bufio.NewReaderSize(r.conn, 1<<16)
	return nil
}

// Variant is a script as it runs on a real server: behind the prelude, else byte for byte.
func Variant(source string) string { return prelude + source }

func (r *real) Name() string    { return r.server.Name() }
func (r *real) Version() string { return r.server.Version() }

func (r *real) Kind() string { return engine.KindReal }

func (r *real) Run(batch []Sequence) ([]Outcome, error) {
	var out []byte
	for _, s := range batch {
		out = r.append(out, s)
	}
	if err := r.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	written := make(chan error, 1)
	go func() { // beside the reading: both buffers may be full
		_, err := r.conn.Write(out)
		written <- err
	}()
	outcomes := make([]Outcome, len(batch))
	var err error
	for i, s := range batch {
		if outcomes[i], err = r.outcome(s); err != nil {
			r.conn.Close() // ends the writing too
			break
		}
	}
	return outcomes, errors.Join(err, <-written)
}

// append appends the commands of a sequence.
func (r *real) append(out []byte, s Sequence) []byte {
	clock := Epoch
	eval := func(sha1 string, keys, args []string) {
		words := append([]string{"EVALSHA", sha1, strconv.Itoa(len(keys))}, keys...)
		words = append(append(words, args...), strconv.FormatInt(clock.UnixMicro(), 10))
		out = resp.AppendCommand(out, words...)
	}
	out = resp.AppendCommand(out, "FLUSHDB")
	for _, step := range s {
		switch {
		case step.Call != "":
			eval(r.sha1[step.Call], r.plan.keysOf(step), step.Args)
		case step.Do != nil:
			eval(r.foreign, r.plan.Keys, step.Do)
		default:
			clock = clock.Add(step.Advance + Margin)
			eval(r.lapse, r.plan.Keys, nil)
		}
	}
	eval(r.dump, r.plan.Keys, nil)
	out = resp.AppendCommand(out, "DBSIZE")
	return resp.AppendCommand(out, "PUBLISH", Listened, marker)
}

// outcome reads the replies of a sequence, and the messages up to its marker.
func (r *real) outcome(s Sequence) (Outcome, error) {
	replies := make([]resp.Reply, len(s)+4)
	for i := range replies {
		var err error
		if replies[i], err = resp.Read(r.reader); err != nil {
			return Outcome{}, err
		}
		replies[i] = normal(replies[i])
	}
	o := Outcome{Replies: replies[1 : len(s)+1], Keys: replies[len(s)+2].Integer}
	for i, step := range s {
		if step.Advance != 0 {
			if err := o.Replies[i].Err(); err != nil {
				return o, fmt.Errorf("diff: the clock: %w", err)
			}
			o.Replies[i] = resp.Reply{}
		}
	}
	var err error
	if o.State, err = r.plan.stateOf(replies[len(s)+1]); err != nil {
		return o, err
	}
	for {
		message, err := r.subscriber.Receive()
		switch {
		case err != nil:
			return o, err
		case len(message.Items) != 3:
			return o, fmt.Errorf("diff: a subscription received %s", message)
		case message.Items[2].Text == marker:
			return o, nil
		}
		o.Messages = append(o.Messages, message.Items[2].Text)
	}
}

func (r *real) Close() error {
	var err error
	if r.conn != nil {
		err = r.conn.Close()
	}
	if r.subscriber != nil {
		err = errors.Join(err, r.subscriber.Close())
	}
	return err
}
