package gen

import (
	"maps"
	"slices"
)

// Commands lists those that a script may call, without those that only have subcommands.
func Commands() []string {
	refused := func(name string) bool { return commands[name].why != "" || commands[name].parent }
	return slices.DeleteFunc(slices.Sorted(maps.Keys(commands)), refused)
}

// CommandInfo is what it says of a command.
func CommandInfo(name string) (writes, denyOOM bool, arity int) {
	c := commands[name]
	return c.writes, c.denyOOM, c.arity
}
