package call

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/scripts"
)

var kinds = [...]error{
	scripts.Unavailable: failure.Unavailable, scripts.Denied: failure.Denied,
	scripts.WrongType: failure.WrongType, scripts.Invalid: failure.Invalid,
}

// Explain gives an error of a call its kind, by the table of package scripts. The cancellation of a context stays as it
// is.
func Explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	f := scripts.Classify(err)
	if f.Advice == "" {
		return fmt.Errorf("%w (%w)", kinds[f.Kind], err)
	}
	return fmt.Errorf("%w: %s (%w)", kinds[f.Kind], f.Advice, err)
}

// Outlasts reports whether a wait goes on after an error of a call: the server is away, and may come back.
func Outlasts(err error) bool {
	f := scripts.Classify(err)
	return f.Kind == scripts.Unavailable && f.Heals
}

// Heals reports whether time alone may make the same call succeed.
func Heals(err error) bool { return scripts.Classify(err).Heals }

// panicked is what a call answers in which somebody else's code, a hook or a dialer, panicked. Nobody knows how far it
// had come.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string {
	return fmt.Sprintf("a go-redis hook or dialer panicked: %v\n%s", p.value, p.stack)
}

// guarded runs a send. A panic in it becomes the outcome of the calls that have none, so that nobody waits for them for
// ever; so does runtime.Goexit, which ends the goroutine all the same.
func guarded(calls []scripts.Sendable, send func()) {
	returned := false
	defer func() {
		if !returned {
			broke(recover(), calls...)
		}
	}()
	send()
	returned = true
}

// broke makes a panic the outcome of calls.
func broke(value any, calls ...scripts.Sendable) {
	err := &panicked{value, debug.Stack()}
	for _, c := range calls {
		c.Fail(err)
	}
}
