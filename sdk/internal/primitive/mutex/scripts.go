package mutex

import (
	"github.com/zferentz/go-redilock/sdk/scripts"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// Scripts are those that the adapter calls.
func Scripts() []*scripts.Script { return mutexv1.Scripts() }
