package engine

import (
	"strings"

	"github.com/zferentz/go-redilock/luatest/resp"
)

// refusal is why the Lua engine refuses some commands of a script: it was told to be a replica, or what its user may not
// send. What a client sends itself is never refused.
type refusal struct {
	replica bool
	users   map[string]user
	user    string // who is logged in; empty: one who may send everything
}

// user is what ACL SETUSER made.
type user struct {
	denied   map[string]bool // commands in capitals
	selected map[string]bool // a command in capitals, a space and the key that it is allowed for all the same
	channels bool            // may publish
}

// do answers the commands that change refusals: REPLICAOF, ACL SETUSER, AUTH.
func (r *refusal) do(args []string) (resp.Reply, bool) {
	switch name := strings.ToUpper(args[0]); {
	case name == "REPLICAOF" && len(args) == 3:
		r.replica = !strings.EqualFold(args[1], "NO")
	case name == "AUTH" && len(args) == 3:
		if _, ok := r.users[args[1]]; !ok {
			return resp.Error("WRONGPASS invalid username-password pair or user is disabled."), true
		}
		r.user = args[1]
	case name == "ACL" && len(args) > 2 && strings.EqualFold(args[1], "SETUSER"):
		u := user{denied: map[string]bool{}, selected: map[string]bool{}}
		for _, rule := range args[3:] {
			if !u.add(rule) {
				return resp.Error("ERR this engine does not know the ACL rule " + rule), true
			}
		}
		if r.users == nil {
			r.users = map[string]user{}
		}
		r.users[args[2]] = u
	default:
		return resp.Reply{}, false
	}
	return resp.Status("OK"), true
}

// add adds a rule: -command, allchannels, or a selector (+command ~key) for one command and one key. All others that it
// knows are what a user has to begin with.
func (u *user) add(rule string) bool {
	inner, isSelector := strings.CutPrefix(strings.TrimSuffix(rule, ")"), "(+")
	command, key, found := strings.Cut(inner, " ~")
	switch {
	case isSelector && found:
		u.selected[strings.ToUpper(command)+" "+key] = true
	case rule == "allchannels":
		u.channels = true
	case strings.HasPrefix(rule, "-") && !strings.HasPrefix(rule, "-@"):
		u.denied[strings.ToUpper(rule[1:])] = true
	default:
		return rule == "on" || rule == "nopass" || rule == "~*" || rule == "+@all" || rule == "resetchannels"
	}
	return true
}

// refuse gives the error that a command of a script is answered instead of being run; empty: it is run. The texts are those
// of Redis 7.0.
func (r *refusal) refuse(args []string, write bool) string {
	name := strings.ToUpper(args[0])
	u, limited := r.users[r.user]
	switch {
	case limited && u.denied[name] && len(u.selected) > 0 && len(args) > 1:
		if !u.selected[name+" "+args[1]] {
			return "ERR The user executing the script can't access at least one of the keys mentioned in the " +
				"command arguments"
		}
	case limited && u.denied[name]:
		return "ERR The user executing the script can't run this command or subcommand"
	case limited && name == "PUBLISH" && !u.channels:
		return "ERR The user executing the script can't publish to the channel mentioned in the command"
	}
	if r.replica && write {
		return "READONLY You can't write against a read only replica."
	}
	return ""
}
