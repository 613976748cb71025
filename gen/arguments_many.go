package gen

import "fmt"

// maxMany is how many there may be of a key or argument of which callers give any number: Lua's unpack gives at most 8,000
// values.
const maxMany = 5000

// readMany makes a table of the keys of which there may be any number.
func (s *Script) readMany(b *block, here Position) {
	fixed := len(s.Keys) - 1
	if fixed < 0 || !s.Keys[fixed].Many {
		return
	}
	name := s.Keys[fixed].Name
	b.line(here, "local %s = {}", name)
	b.line(here, "for i = %d, #KEYS do", fixed+1)
	b.line(here, "  %s[i - %d] = KEYS[i]", name, fixed)
	b.line(here, "end")
}

// checkMany makes a table of the arguments of which there may be any number, each of them checked.
func (s *Script) checkMany(b *block, i int, a Arg) {
	at := Position{s.File, a.line}
	b.line(at, "local %s = {}", a.Name)
	b.refuse(at, fmt.Sprintf("#ARGV > %d", i+maxMany), a.Name, fmt.Sprintf("must be %d at most", maxMany), "")
	b.line(at, "for i = %d, #ARGV do", i+1)
	one := a
	one.Name = "one"
	inner := &block{}
	s.checkValue(inner, at, one, "ARGV[i]", a.Name)
	for _, line := range inner.lines {
		b.line(at, "  %s", line)
	}
	b.line(at, "  %s[i - %d] = one", a.Name, i)
	b.line(at, "end")
}

func (s *Script) checkNumberOfKeys(b *block, here Position) {
	keys := len(s.Keys)
	if keys > 0 && s.Keys[keys-1].Many {
		least := max(1, keys-1) // the first says on which node a call runs
		b.refuse(here, fmt.Sprintf("#KEYS < %d or #KEYS > %d", least, keys-1+maxMany), "keys",
			fmt.Sprintf("must be %d to %d, are ", least, keys-1+maxMany), "#KEYS")
		return
	}
	b.refuse(here, fmt.Sprintf("#KEYS ~= %d", keys), "keys", fmt.Sprintf("must be %d, are ", keys), "#KEYS")
}

func (s *Script) checkNumberOfArgs(b *block, here Position) {
	args := len(s.Args)
	if args > 0 && s.Args[args-1].Many {
		return
	}
	b.refuse(here, fmt.Sprintf("#ARGV > %d", args), "arguments", fmt.Sprintf("must be %d at most, are ", args), "#ARGV")
}
