package semaphore

import (
	"github.com/zferentz/go-redilock/sdk/scripts"
	"github.com/zferentz/go-redilock/sdk/scripts/semaphorev1"
)

// Scripts are those that the adapter calls.
func Scripts() []*scripts.Script { return semaphorev1.Scripts() }
