package gen

import (
	"fmt"
	"slices"
)

// The types of arguments, and of fields of replies.
const (
	TypeString  = "string"
	TypeInteger = "integer"
	TypeEnum    = "enum"    // arguments only
	TypeList    = "list"    // fields only, as those that follow: an array of arrays
	TypeFloat   = "float"   // as text, because a server cuts fractions off
	TypeBoolean = "boolean" // 1, or 0 or nil
	TypeStrings = "strings" // an array of strings
	TypeMap     = "map"     // an array of names and values by turns
)

// The units of arguments and fields.
const (
	UnitMillis = "ms"
	UnitBytes  = "bytes"
)

// Script is one script with its header. The JSON form of its parts is the manifest's.
type Script struct {
	Primitive string // the part of the name before the dot
	Verb      string // the part after it
	Version   int
	Doc       []string // one element a line
	Keys      []Key
	Args      []Arg
	Requires  []Require
	Publishes []Publish
	Replies   []Reply
	Return    *Return // in place of replies, or nil
	Errors    []ErrorCode
	Examples  []Example
	Commands  []string // that it calls: sorted, in capitals
	Unsafe    bool     // a call must not be sent again after it may have run
	ReadOnly  bool     // it can be called by EVALSHA_RO, with the right to read the keys alone

	File   string    // its source, relative to Options.Root
	Dist   string    // where it is written, relative to Options.Dist
	Source *Expanded // its text, includes expanded and the checks of its arguments written out
	Code   *Expanded // what is written and sent: one line with its name, and the code without comments

	readOnlyLine  int // of the tag, 0 without one
	arguments     int // the line of the source that has the tag @arguments, 0 without one
	argumentsEnds int // the line behind the last one of what is generated there
}

// arg is the argument of that name, or nil.
func (s *Script) arg(name string) *Arg {
	if i := slices.IndexFunc(s.Args, func(a Arg) bool { return a.Name == name }); i >= 0 {
		return &s.Args[i]
	}
	return nil
}

// Name is the script's name, without its version.
func (s *Script) Name() string { return s.Primitive + "." + s.Verb }

func (s *Script) pkg() pkgID { return pkgID{s.Primitive, s.Version} }

// pkgID is what becomes one Go package: a primitive and a version.
type pkgID struct {
	primitive string
	version   int
}

func (p pkgID) String() string { return fmt.Sprintf("%s v%d", p.primitive, p.version) }
func (p pkgID) dir() string    { return fmt.Sprintf("%s/v%d", p.primitive, p.version) }

// Key is one of KEYS.
type Key struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Key    string `json:"key,omitempty"`    // "{name}", or another word in braces: what the caller gives
	Suffix string `json:"suffix,omitempty"` // or what a companion adds to it
	Min    *int64 `json:"min,omitempty"`    // bytes of what the caller gives
	Max    *int64 `json:"max,omitempty"`
	Many   bool   `json:"many,omitempty"` // callers give any number of them: the last one only
	Doc    string `json:"doc,omitempty"`
	line   int
}

// bounds are the fewest and the most bytes of a name. 0 at most is any number.
func (k Key) bounds() (lo, hi int64) {
	if k.Min == nil {
		return 1, 0
	}
	return *k.Min, *k.Max
}

// Arg is one of ARGV. Min and Max count bytes for a string.
type Arg struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Unit     string   `json:"unit,omitempty"`
	Min      *int64   `json:"min,omitempty"`
	Max      *int64   `json:"max,omitempty"`
	Values   []string `json:"values,omitempty"` // of an enum
	Optional bool     `json:"optional,omitempty"`
	Many     bool     `json:"many,omitempty"`    // callers give any number of them: the last one only
	Default  any      `json:"default,omitempty"` // a string, or an int64 for an integer
	Doc      string   `json:"doc,omitempty"`
	line     int
}

// Require is a condition: under it an argument must not be left out, and so neither be empty nor 0. It is that another
// argument is there, or has one of some values, or has none of them.
type Require struct {
	Arg    string   `json:"arg"`
	When   string   `json:"when"`
	Not    bool     `json:"not,omitempty"`
	Values []string `json:"values,omitempty"`
	line   int
}

// Publish is a pattern of the channels on which a script publishes.
type Publish struct {
	Pattern string `json:"pattern"`
	Doc     string `json:"doc,omitempty"`
	line    int
}

// Reply is one of the answers of a script: an array of its tag and its fields.
type Reply struct {
	Tag    string  `json:"tag"`
	Fields []Field `json:"fields,omitempty"`
	Doc    string  `json:"doc,omitempty"`
	line   int
}

// Return is the answer of a script without a tag.
type Return struct {
	Field
	Doc  string `json:"doc,omitempty"`
	line int
}

// Field is one element of a reply, or of a row of its list.
type Field struct {
	Name string  `json:"name"`
	Type string  `json:"type"`
	Unit string  `json:"unit,omitempty"`
	Rows []Field `json:"rows,omitempty"` // of a list: the elements of each row

	Nullable bool `json:"nullable,omitempty"` // it may be nil; of strings: each of them
}

// ErrorCode is the first word of an error reply that a script makes itself.
type ErrorCode struct {
	Code string `json:"code"`
	Doc  string `json:"doc"`
	line int
}
