package mutex

import (
	"fmt"

	"github.com/zferentz/go-redilock/sdk/internal/failure"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// New gives the mutex of a name, the client's prefix included. Which names can be is in the header of the scripts.
func New(name string) (Name, error) {
	keys, err := mutexv1.KeysOf(name)
	if err != nil {
		return Name{}, fmt.Errorf("%w: %w", failure.Invalid, err)
	}
	return Name{keys}, nil
}
