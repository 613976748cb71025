package coverage

import (
	"context"

	"github.com/zferentz/go-redilock/luatest/engine"
)

// limit is a context that ends after so many calls of Done, which are instructions.
type limit struct {
	context.Context
	left  int
	ended chan struct{}
}

// Limit ends the scripts of an engine with an error once they have run so many instructions, all together.
func Limit(e *engine.Lua, instructions int) {
	ended := make(chan struct{})
	close(ended)
	e.Sandbox().SetContext(&limit{Context: context.Background(), left: instructions, ended: ended})
}

// Done is called before each instruction.
func (l *limit) Done() <-chan struct{} {
	if l.left--; l.left < 0 {
		return l.ended
	}
	return nil
}

// Err is why it ended.
func (l *limit) Err() error { return context.DeadlineExceeded }
