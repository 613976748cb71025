// Package suite is the scenarios and the scripts, compiled once, for those who replay them many times on our gopher-lua
// runner: with a recorder, or with a script changed.
package suite

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/engine/sandbox"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// Suite is what to replay.
type Suite struct {
	Subject   subject.Subject
	Scripts   []dist.Script
	Scenarios []scenario.Scenario // those that our runner can replay

	compiled map[string]*sandbox.Script // by SHA1
	model    *gen.Model
}

// Load reads a primitive's scripts, scenarios and, for the origin of each line, the sources below root, the module's folder.
func Load(root string, p subject.Subject) (*Suite, error) {
	s := &Suite{Subject: p, compiled: map[string]*sandbox.Script{}}
	var err error
	if s.Scripts, err = p.Scripts(); err != nil {
		return nil, err
	}
	if s.Scenarios, err = p.Scenarios(); err != nil {
		return nil, err
	}
	s.Scenarios = slices.DeleteFunc(s.Scenarios, func(s scenario.Scenario) bool { return !s.RunsOn(engine.KindLua) })
	if s.model, err = gen.Load(gen.Options{Root: root, Source: "lua", Dist: "lua/dist"}); err != nil {
		return nil, err
	}
	for _, script := range s.Scripts {
		if s.compiled[script.SHA1], err = sandbox.Compile(script.Source); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Compiled is a script as every engine of the suite runs it.
func (s *Suite) Compiled(script dist.Script) *sandbox.Script { return s.compiled[script.SHA1] }

// Origin says which line of which source file a line of a script is from.
func (s *Suite) Origin(script dist.Script, line int) gen.Position {
	for _, m := range s.model.Scripts {
		if m.Primitive+"."+m.Verb == script.Name && m.Version == script.Version {
			return m.Code.Position(line)
		}
	}
	return gen.Position{File: script.File, Line: line}
}

// Engine is a gopher-lua engine that runs the compiled scripts.
type Engine struct {
	*engine.Lua
	suite   *Suite
	instead map[string]*sandbox.Script
}

// Engine makes one. instead are scripts to run in place of those with the same SHA1.
func (s *Suite) Engine(instead ...*sandbox.Script) (*Engine, error) {
	lua, err := engine.NewLua()
	if err != nil {
		return nil, err
	}
	e := &Engine{Lua: lua, suite: s, instead: map[string]*sandbox.Script{}}
	for _, script := range instead {
		e.instead[script.SHA1] = script
	}
	return e, nil
}

// Load takes a script of the suite.
func (e *Engine) Load(source string) (string, error) {
	sum := sha1.Sum([]byte(source))
	sha := hex.EncodeToString(sum[:])
	script := e.instead[sha]
	if script == nil {
		script = e.suite.compiled[sha]
	}
	if script == nil {
		return "", fmt.Errorf("suite: a script that is not in lua/dist: %s", sha)
	}
	e.LoadScript(script)
	return sha, nil
}
