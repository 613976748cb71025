// Package coverage tells which lines of the Lua scripts the scenarios run, which way each of their branches went, and what
// a call costs the virtual machine.
package coverage

import (
	"context"
	"reflect"

	lua "github.com/yuin/gopher-lua"

	"github.com/zferentz/go-redilock/luatest/engine"
)

// Recorder sees every instruction that the scripts of an engine run. gopher-lua has no debug hook, but its loop asks the
// state's context for Done before each instruction: so this is a context that never ends.
type Recorder struct {
	context.Context

	// Instructions is how many were run.
	Instructions int

	state  *lua.LState
	code   map[*lua.FunctionProto]*Code
	before struct {
		code *Code
		pc   int
	}
}

// Code is what was run of one function.
type Code struct {
	Proto *lua.FunctionProto
	Seen  []bool  // by instruction
	Ways  []uint8 // by instruction: which of the two ways of a test were taken
}

// The two ways of a test: to the instruction after it, or past that one.
const (
	wayNext = 1 << iota
	waySkip
	bothWays = wayNext | waySkip
)

// Record makes a recorder and attaches it to an engine.
func Record(e *engine.Lua) *Recorder {
	r := &Recorder{
		Context: context.Background(), state: e.Sandbox().State(), code: map[*lua.FunctionProto]*Code{},
	}
	e.Sandbox().SetContext(r)
	return r
}

// Done is called before each instruction.
func (r *Recorder) Done() <-chan struct{} {
	r.Instructions++
	frame, ok := r.state.GetStack(0)
	if !ok {
		return nil
	}
	// Debug does not tell the instruction, only its line. Reading its private field can be done without unsafe.
	f := reflect.ValueOf(frame).Elem().FieldByName("frame").Elem()
	fn := f.FieldByName("Fn").Elem()
	if fn.FieldByName("IsG").Bool() {
		return nil
	}
	proto := (*lua.FunctionProto)(fn.FieldByName("Proto").UnsafePointer())
	pc := int(f.FieldByName("Pc").Int()) - 1 // it was counted up already
	c := r.code[proto]
	if c == nil {
		c = &Code{Proto: proto, Seen: make([]bool, len(proto.Code)), Ways: make([]uint8, len(proto.Code))}
		r.code[proto] = c
	}
	c.Seen[pc] = true
	if b := r.before; b.code == c && isTest(proto, b.pc) {
		switch pc {
		case b.pc + 1:
			c.Ways[b.pc] |= wayNext
		case b.pc + 2:
			c.Ways[b.pc] |= waySkip
		}
	}
	r.before.code, r.before.pc = c, pc
	return nil
}

// isTest reports whether an instruction skips the next one or not, as its test says.
func isTest(p *lua.FunctionProto, pc int) bool {
	switch int(p.Code[pc] >> 26) {
	case lua.OP_EQ, lua.OP_LT, lua.OP_LE, lua.OP_TEST, lua.OP_TESTSET:
		return true
	default:
		return false
	}
}

// Lines gives the lines that were run of a script, which is known by its main function.
func (r *Recorder) Lines(script *lua.FunctionProto) map[int]bool {
	lines := map[int]bool{}
	walk(script, func(p *lua.FunctionProto) {
		if c := r.code[p]; c != nil {
			for pc, seen := range c.Seen {
				if seen {
					lines[p.DbgSourcePositions[pc]] = true
				}
			}
		}
	})
	return lines
}

// walk visits a function and all that are made in it.
func walk(p *lua.FunctionProto, visit func(*lua.FunctionProto)) {
	visit(p)
	for _, inner := range p.FunctionPrototypes {
		walk(inner, visit)
	}
}
