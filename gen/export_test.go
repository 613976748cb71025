package gen

import (
	"maps"
	"slices"
)

// Commands lists the allow-list.
func Commands() []string { return slices.Sorted(maps.Keys(commands)) }

// CommandInfo is what it says of a command.
func CommandInfo(name string) (writes, denyOOM bool, arity int) {
	c := commands[name]
	return c.writes, c.denyOOM, c.arity
}
