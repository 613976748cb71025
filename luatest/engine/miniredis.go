package engine

import (
	"time"

	"github.com/alicebob/miniredis/v2"
)

// NewMiniredis makes an engine of miniredis as a user's tests would have it: its own EVALSHA, over a socket, with a
// clock that stands still until Advance.
func NewMiniredis() (Engine, error) {
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		return nil, err
	}
	now := epoch
	m.SetTime(now)
	m.ClockTTL(true)
	e := &remote{
		name: "miniredis", version: moduleVersion("github.com/alicebob/miniredis/v2"), kind: KindMiniredis,
		network: "tcp", address: m.Addr(),
		advance: func(d time.Duration) error {
			now = now.Add(d)
			m.SetTime(now)
			return nil
		},
		close: func() error {
			m.Close()
			return nil
		},
	}
	if err := e.open(); err != nil {
		m.Close()
		return nil, err
	}
	return e, nil
}
