// Package subjects lists the primitives that the suites prove. A new one is a line here.
package subjects

import (
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/semaphore"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// All are all that there are.
func All() []subject.Subject { return []subject.Subject{mutex.Subject, semaphore.Subject} }
