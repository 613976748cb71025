package meaning

import (
	"fmt"
	"strings"

	"github.com/zferentz/go-redilock/luatest/subject"
)

// None is the proof that notices a mutant which is equivalent.
const None = "none"

// Excuse is why no scenario notices a mutant.
type Excuse struct {
	Name   string // of the mutant
	Proof  string // that notices it; or None
	Reason string
}

// Excuses lists those of a primitive.
func Excuses(p subject.Subject) ([]Excuse, error) {
	table, err := p.Table("unnoticed.txt")
	if err != nil {
		return nil, err
	}
	return parseExcuses(table)
}

func parseExcuses(text string) ([]Excuse, error) {
	var all []Excuse
	for line := range strings.SplitSeq(text, "\n") {
		name, rest, ok := strings.Cut(line, " | ")
		if !ok {
			continue // the description of the format
		}
		proof, reason, ok := strings.Cut(rest, " | ")
		if !ok || proof != "model" && proof != None {
			return nil, fmt.Errorf("%s: wants a proof, model or %s, and a reason", name, None)
		}
		all = append(all, Excuse{name, proof, reason})
	}
	return all, nil
}

// Problems says what is wrong: mutants that no scenario notices and nothing excuses, and excuses that are none.
func Problems(all []Mutant, noticed [][]string, excuses []Excuse) []string {
	left := map[string]bool{}
	for _, e := range excuses {
		left[e.Name] = true
	}
	var wrong []string
	for i, m := range all {
		excused := left[m.Name]
		delete(left, m.Name)
		switch {
		case len(noticed[i]) == 0 && !excused:
			wrong = append(wrong, fmt.Sprintf("no scenario notices %s (%s): %s", m.Name, m.Group, m.What))
		case len(noticed[i]) > 0 && excused:
			wrong = append(wrong, fmt.Sprintf("%s is excused, and %s notices it", m.Name, noticed[i][0]))
		}
	}
	for name := range left {
		wrong = append(wrong, fmt.Sprintf("%s is excused, and there is no such mutant", name))
	}
	return wrong
}
