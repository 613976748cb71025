package scripts

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"
)

// asked counts how often a cluster client is made to look who serves.
type asked struct {
	redis.UniversalClient
	times int
}

func (a *asked) ReloadState(context.Context) { a.times++ }

func TestFollow(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for _, test := range []struct {
		err  error
		want int
	}{{nil, 0}, {context.Canceled, 0}, {redis.Nil, 0}, {dial, 1}, {net.ErrClosed, 1}} {
		a := &asked{}
		follow(t.Context(), a, test.err)
		if a.times != test.want {
			t.Errorf("%v: asked %d times, want %d", test.err, a.times, test.want)
		}
	}
	follow(t.Context(), redis.NewClient(&redis.Options{}), dial) // one server: nobody to ask
}
