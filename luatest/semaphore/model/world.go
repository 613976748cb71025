package model

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/semaphore"
)

// world is a config with the scripts that run in it, compiled.
type world struct {
	config  *Config
	scripts [len(scriptNames)]*sandbox.Script
}

// World is the world of a config. The error is of the scripts: they do not compile.
func World(scripts []dist.Script, c Config) (explore.World, error) {
	w := world{config: &c}
	scripts, err := c.Scripts(scripts)
	if err != nil {
		return w, err
	}
	for i, verb := range scriptNames {
		script, err := dist.Find(scripts, semaphore.Subject.Primitive, semaphore.Subject.Version, verb)
		if err != nil {
			return w, err
		}
		if w.scripts[i], err = sandbox.Compile(script.Source); err != nil {
			return w, fmt.Errorf("model: %s: %w", script.File, err)
		}
	}
	return w, nil
}

// Scripts are the scripts as they run in this world: with a Bound of its own, that number is another in their text.
func (c *Config) Scripts(scripts []dist.Script) ([]dist.Script, error) {
	if c.Bound == 0 {
		return scripts, nil
	}
	changed, found := slices.Clone(scripts), 0
	for i := range changed {
		s := &changed[i]
		for _, text := range boundTexts {
			if strings.Contains(s.Source, text) {
				found++
				s.Source = strings.ReplaceAll(s.Source, text, strings.ReplaceAll(text, "64", fmt.Sprint(c.Bound)))
			}
		}
		sum := sha1.Sum([]byte(s.Source))
		s.SHA1 = hex.EncodeToString(sum[:])
	}
	if want := 5 + 5 + 3; found != want {
		return nil, fmt.Errorf("model: the scripts have %d bounds, not %d", found, want)
	}
	return changed, nil
}

// boundTexts are where the scripts say how much a call may take.
var boundTexts = []string{"for _ = 1, 64 do\n", "'LIMIT', 0, 64)", "#over == 64"}

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
	scripts, err := semaphore.Subject.Scripts()
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

func (w world) Worker() explore.Worker { return newRunner(w) }

// step is one transition.
type step struct {
	explore.Step
	config *Config
	action *action
	check  check
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

// Kept is a copy with messages and a state of its own.
func (s *step) Kept() explore.Event {
	kept := *s
	kept.check.out.published = slices.Clone(s.check.out.published)
	kept.State = slices.Clone(s.State)
	kept.Event = &kept
	return &kept
}
