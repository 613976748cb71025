package engine

import (
	"errors"
	"strconv"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// NewReal makes an engine of a database of a running server. Engines of one server must not share a database or a
// channel. Closing the engine leaves the server running.
func NewReal(s *server.Server, database int) (Engine, error) {
	e := &remote{
		name: s.Name(), version: s.Version(), kind: KindReal, network: "tcp", address: s.Addr(), database: database,
	}
	e.advance = e.waitFor
	if err := e.open(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// waitFor waits until the server's own clock has moved on by d.
func (e *remote) waitFor(d time.Duration) error {
	start, err := e.serverTime()
	if err != nil {
		return err
	}
	for left := d; left > 0; {
		time.Sleep(left)
		now, err := e.serverTime()
		if err != nil {
			return err
		}
		left = d - now.Sub(start)
	}
	return nil
}

func (e *remote) serverTime() (time.Time, error) {
	reply, err := e.conn.Do("TIME")
	if err := errors.Join(err, reply.Err()); err != nil {
		return time.Time{}, err
	}
	if len(reply.Items) != 2 {
		return time.Time{}, errors.New("engine: TIME answered " + reply.String())
	}
	seconds, err := strconv.ParseInt(reply.Items[0].Text, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	micros, err := strconv.ParseInt(reply.Items[1].Text, 10, 64)
	return time.Unix(seconds, micros*1000), err
}
