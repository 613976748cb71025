package model

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/mutex"
)

// world is a config with the scripts that run in it.
type world struct {
	config  *Config
	program *program
}

// World is the world of a config. The error is of the scripts: they do not compile.
func World(scripts []dist.Script, c Config) (explore.World, error) {
	p, err := compile(&c, scripts)
	return world{&c, p}, err
}

// Search explores the world of a config with the scripts.
func Search(ctx context.Context, scripts []dist.Script, c Config, o explore.Options) (explore.Result, error) {
	w, err := World(scripts, c)
	if err != nil {
		return explore.Result{}, err
	}
	return explore.Search(ctx, w, o)
}

// Deep explores every world as deep as its config says: see [explore.Deep].
func Deep(ctx context.Context, table io.Writer, progress *os.File) error {
	scripts, err := mutex.Subject.Scripts()
	if err != nil {
		return err
	}
	var dives []explore.Dive
	for _, c := range Configs() {
		w, err := World(scripts, c)
		if err != nil {
			return err
		}
		dives = append(dives, explore.Dive{World: w, Depth: c.DeepDepth})
	}
	return explore.Deep(ctx, dives, table, progress)
}

func (w world) Name() string { return w.config.Name }

func (w world) Worker() explore.Worker { return newRunner(w.config, w.program) }

// Scenario is the way to a violation as a file of one scenario.
func (w world) Scenario(v *explore.Violation) ([]byte, error) {
	found := violation{Violation: v, config: w.config}
	for _, e := range v.Path {
		found.path = append(found.path, e.(*step))
	}
	return found.scenario()
}

// violation is the way to a fault in a world of the mutex.
type violation struct {
	*explore.Violation
	config *Config
	path   []*step
}

// First is the state that everything starts with.
func (r *runner) First() (plain, canonical []byte, err error) {
	plain = r.Plain()
	canonical, err = r.canonical()
	return plain, canonical, err
}

// Plain encodes the state with the clients' own names.
func (r *runner) Plain() []byte {
	b, err := r.instance.encode(nil, r.renames[0])
	if err != nil {
		panic(err)
	}
	return b
}

// String tells what was done, and for a call what it answered and sent.
func (s *step) String() string {
	text := s.config.describe(s.action)
	if s.action.verb.isCall() {
		text += " → " + s.check.out.reply.String()
		for _, m := range s.check.out.published {
			text += fmt.Sprintf(", published %q", m.payload)
			if !m.received {
				text += " (nobody listens)"
			}
		}
	}
	return text
}

// Like says whether another step is an action of the same verb.
func (s *step) Like(other explore.Event) bool { return s.action.verb == other.(*step).action.verb }

// Kept is a copy with messages of its own.
func (s *step) Kept() explore.Event {
	kept := *s
	kept.check.out.published = slices.Clone(s.check.out.published)
	kept.Event = &kept
	return &kept
}

func fault(promise, format string, args ...any) *explore.Fault {
	return explore.Faultf(promise, format, args...)
}
