package gen

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	scriptRest  = regexp.MustCompile(`^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$`)
	versionRest = regexp.MustCompile(`^[1-9][0-9]{0,5}$`)
	keyRest     = regexp.MustCompile("^([a-z][a-z0-9_]*)(\\.\\.\\.)? +(string|counter|hash|list|set|zset|stream) +" +
		"(?:`({[a-z][a-z0-9_]*})`(?: +(\\d{1,9})\\.\\.(\\d{1,9}) bytes)?|companion +`([^`{}\\s]+)`)(?:, (.+))?$")
	publishRest = regexp.MustCompile(`^([^\s,]+)(?:, (.+))?$`)
	errorCode   = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	errorRest   = regexp.MustCompile(`^([A-Z][A-Z0-9_]*) +(\S.*)$`)
)

// fieldTypes says how the types of fields are written.
const fieldTypes = "type string, integer, integer(ms), float, boolean, strings, map or list(field:type, field:type); " +
	"a ? behind it (string?): it may be nil"

// headerTags says how each tag is written, for the message that refuses one.
var headerTags = map[string]string{
	"script":  "---@script primitive.verb",
	"version": "---@version 1",
	"key": "---@key name type `{name}` 1..1024 bytes, text (or: companion `:suffix`); " +
		"type string, counter, hash, list, set, zset or stream",
	"arg": "---@arg name string 1..512 bytes, text (or: integer ms, 1..60000, or: enum a|b|c), " +
		"with ` = default` before the comma if it may be left out",
	"require":  "---@require name when other (or: when other value|value, when other not value|value)",
	"repeat":   "---@repeat safe (or: unsafe)",
	"readonly": "---@readonly",
	"publish":  "---@publish pattern, text",
	"reply": "---@reply TAG field:type field:type  text; " +
		fieldTypes,
	"return":  "---@return type, text (in place of @reply, for a reply without a tag); " + fieldTypes,
	"error":   "---@error CODE text",
	"example": `---@example "key" "key" | "argument" => reply (in JSON, or: error CODE)`,
}

// tagsOnce are those that a header may have once.
var tagsOnce = []string{"script", "version", "repeat", "readonly", "return"}

// headerParser reads the header of one script.
type headerParser struct {
	s        *Script
	problems *Problems
	scriptAt Position // of its @script
	seen     map[string]int
	broken   bool // a tag could not be read
}

// parseHeader reads the leading block of lines that begin with three dashes. Tags anywhere else are refused. It reports
// whether every tag could be read: otherwise the code cannot be held against them.
func parseHeader(s *Script, problems *Problems) bool {
	p := &headerParser{s: s, problems: problems, seen: map[string]int{}}
	inHeader := true
	for i, line := range strings.Split(s.Source.Text, "\n") {
		pos := s.Source.Position(i + 1)
		inHeader = inHeader && strings.HasPrefix(line, "---") && pos.File == s.File
		if inHeader && (strings.Contains(line, "<!--") || strings.Contains(line, "-->")) {
			p.problems.add(pos, ruleHeader, "say it without",
				"a <!-- or --> in the header, whose texts become part of a Markdown page")
		}
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, argumentsTag):
			inHeader = false
			p.arguments(pos, line, i+1)
		case inHeader && strings.HasPrefix(line, "---@"):
			p.tag(pos, line[len("---@"):])
		case inHeader:
			if text := strings.TrimSpace(line[len("---"):]); text != "" {
				s.Doc = append(s.Doc, text)
			}
		case strings.HasPrefix(trimmed, "---@"):
			problems.add(pos, ruleHeader, "write it into the block of --- lines at the head of the script",
				"tag outside of the header")
		}
	}
	p.complete()
	return !p.broken
}

func (p *headerParser) tag(pos Position, text string) {
	name, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	how, known := headerTags[name]
	if !known {
		p.problems.add(pos, ruleHeader,
			"use "+strings.Join(slices.Sorted(maps.Keys(headerTags)), ", ")+", arguments or include",
			"unknown tag @%s", name)
		return
	}
	if p.seen[name]++; p.seen[name] > 1 && slices.Contains(tagsOnce, name) {
		p.problems.add(pos, ruleHeader, "keep one", "a second @%s", name)
		return
	}
	ok := false
	switch name {
	case "script":
		ok = p.script(rest)
		p.scriptAt = pos
	case "version":
		ok = versionRest.MatchString(rest)
		p.s.Version, _ = strconv.Atoi(rest)
	case "key":
		ok = p.key(rest, pos.Line)
	case "arg":
		ok = p.arg(rest, pos)
	case "repeat":
		ok = rest == "safe" || rest == "unsafe"
		p.s.Unsafe = rest == "unsafe"
	case "readonly":
		ok = rest == ""
		p.s.ReadOnly, p.s.readOnlyLine = true, pos.Line
	case "require":
		ok = p.require(rest, pos.Line)
	case "publish":
		ok = p.publish(rest, pos.Line)
	case "reply":
		ok = p.reply(rest, pos)
	case "example":
		ok = p.example(rest, pos.Line)
	case "return":
		ok = p.returned(rest, pos)
	case "error":
		ok = p.error(rest, pos.Line)
	}
	if !ok {
		p.broken = true
		p.problems.add(pos, ruleHeader, "write "+how, "malformed @%s", name)
	}
}

func (p *headerParser) script(rest string) bool {
	m := scriptRest.FindStringSubmatch(rest)
	if m == nil {
		return false
	}
	p.s.Primitive, p.s.Verb = m[1], m[2]
	return true
}

func (p *headerParser) key(rest string, line int) bool {
	m := keyRest.FindStringSubmatch(rest)
	if m == nil {
		return false
	}
	if many := len(p.s.Keys); many > 0 && p.s.Keys[many-1].Many {
		p.problems.add(Position{p.s.File, line}, ruleKey, "declare it before that",
			"a key behind %s, of which there may be any number",
			p.s.Keys[many-1].Name)
	}
	k := Key{Name: m[1], Many: m[2] != "", Type: m[3], Key: m[4], Suffix: m[7], Doc: m[8], line: line}
	if m[5] != "" {
		lo, _ := strconv.ParseInt(m[5], 10, 64)
		hi, _ := strconv.ParseInt(m[6], 10, 64)
		if k.Min, k.Max = &lo, &hi; lo > hi || lo == 0 {
			p.problems.add(Position{p.s.File, line}, ruleKey,
				"write the smaller one first, and 1 at least", "%s..%s is no range of a name",
				m[5], m[6])
		}
	}
	p.s.Keys = append(p.s.Keys, k)
	return true
}

func (p *headerParser) publish(rest string, line int) bool {
	m := publishRest.FindStringSubmatch(rest)
	if m == nil {
		return false
	}
	p.s.Publishes = append(p.s.Publishes, Publish{Pattern: m[1], Doc: m[2], line: line})
	return true
}

func (p *headerParser) error(rest string, line int) bool {
	m := errorRest.FindStringSubmatch(rest)
	if m == nil {
		return false
	}
	p.s.Errors = append(p.s.Errors, ErrorCode{Code: m[1], Doc: m[2], line: line})
	return true
}

// complete checks what can only be seen when the whole header is read.
func (p *headerParser) complete() {
	s, top := p.s, Position{p.s.File, 1}
	switch {
	case p.seen["script"] == 0:
		p.problems.add(top, ruleHeader, "begin the file with "+headerTags["script"], "no @script")
	case s.Primitive != "":
		p.checkPlace()
	}
	if p.seen["version"] == 0 {
		p.problems.add(top, ruleHeader, "add "+headerTags["version"], "no @version")
	}
	if len(s.Doc) == 0 {
		p.problems.add(top, ruleHeader, "add a line ---text that says what the script does", "no documentation")
	}
	if p.seen["reply"] > 0 && p.seen["return"] > 0 {
		p.problems.add(top, ruleReply, "give every reply a tag, or the only one none", "@reply and @return")
	}
	if p.seen["reply"] == 0 && p.seen["return"] == 0 {
		p.problems.add(top, ruleReply, "add "+headerTags["reply"], "no @reply")
	}
	p.checkDuplicates()
	p.checkKeys()
	p.checkOptional()
	p.checkRequires()
	p.checkArguments()
}
