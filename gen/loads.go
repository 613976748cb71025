package gen

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// scriptLine is where a server finds a syntax error.
var scriptLine = regexp.MustCompile(`user_script:(\d+): `)

// VerifyLoads gives every script to a server, whose parser is the one that counts. load sends SCRIPT LOAD and returns its
// reply.
func VerifyLoads(o Options, load func(source string) (sha1 string, err error)) error {
	m, err := Load(o)
	if err != nil {
		return err
	}
	var found []error
	for _, s := range m.Scripts {
		sha1, err := load(s.Code.Text)
		switch {
		case err != nil:
			found = append(found, fmt.Errorf("%s: the server does not load it: %w; write it in Lua 5.1", s.blame(err), err))
		case sha1 != s.SHA1():
			found = append(found, fmt.Errorf("%s: the server knows it as %s, not %s; look for what changes it on its way",
				s.File, sha1, s.SHA1()))
		}
	}
	return errors.Join(found...)
}

// blame is the line of the source that a server's error speaks of.
func (s *Script) blame(err error) Position {
	m := scriptLine.FindStringSubmatch(err.Error())
	if m == nil {
		return Position{s.File, 1}
	}
	line, _ := strconv.Atoi(m[1])
	return s.Code.Position(line)
}
