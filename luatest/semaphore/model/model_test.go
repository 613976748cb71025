package model

import (
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/semaphore"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

func load(t *testing.T) []dist.Script {
	t.Helper()
	scripts, err := semaphore.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	return scripts
}

// TestModel explores each world as deep as a quick run does.
func TestModel(t *testing.T) {
	scripts := load(t)
	for _, c := range Configs() {
		t.Run(c.Name, func(t *testing.T) {
			r, err := Search(t.Context(), scripts, c, explore.Options{Depth: c.Depth})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(r)
			testreport.Report(t, r.Row())
			if r.Violation != nil {
				t.Error(r.Violation)
			}
		})
	}
}
