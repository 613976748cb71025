package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
)

// aclCmd prints what a user of the server needs.
type aclCmd struct {
	User        string `arg:"" help:"The user's name."`
	Operator    bool   `help:"Also what ls, top, exporter, break and scripts check need."`
	Cluster     bool   `help:"Also what a client of a cluster needs."`
	Replicas    bool   `help:"Also what run --replicas needs, and WithReplicas of the SDK."`
	NewPassword string `xor:"password" placeholder:"FILE" help:"Set the first line of FILE as password; its hash is shown."`
	NoPassword  bool   `name:"no-password" xor:"password" help:"The user is to need no password."`
}

// Help is the end of redilock acl --help.
func (aclCmd) Help() string {
	return `
Prints the command that gives a user exactly the rights that locks of all kinds need whose names begin with --prefix, and
takes all others away. A password stays as it is; a new user has none and cannot log in before it is given one.

Examples:

    redilock --prefix lock: acl worker --new-password worker.txt | redis-cli
    redilock --prefix lock: acl admin --operator`
}

// What a user needs besides the scripts' own rule.
var (
	// aclClient is what go-redis does on every connection, and the messages of hand-offs.
	aclClient = []string{"+hello", "+ping", "+select", "+subscribe", "+unsubscribe"}
	// aclCluster is how it learns who has which slot, and which commands name which keys.
	aclCluster = []string{"+cluster|slots", "+command"}
	// aclOperator is for ls, top and exporter, break, and scripts check.
	aclOperator = []string{"+scan", "+exists", "+type", "+watch", "+unwatch", "+multi", "+exec", "+script|exists"}
)

// Run is called by kong.
func (c *aclCmd) Run(a *app) error {
	if strings.ContainsFunc(c.User, unicode.IsSpace) || c.User == "" || strings.ContainsRune(c.User, 0) {
		return usage("a user's name has no spaces, not %q", c.User)
	}
	if strings.ContainsFunc(a.Prefix, unicode.IsSpace) || strings.ContainsRune(a.Prefix, 0) {
		return usage("an ACL cannot tell keys by a prefix with spaces")
	}
	_, m, err := dist()
	if err != nil {
		return err
	}
	words := []string{"ACL", "SETUSER", c.User, "on"}
	switch {
	case c.NoPassword:
		words = append(words, "nopass")
	case c.NewPassword != "":
		text, err := readSome(c.NewPassword)
		if err != nil {
			return usage("--new-password: %w", err)
		}
		password, _, _ := strings.Cut(string(text), "\n")
		if password = strings.TrimSuffix(password, "\r"); password == "" {
			return usage("--new-password: the first line of %s is empty", c.NewPassword)
		}
		words = append(words, "resetpass", fmt.Sprintf("#%x", sha256.Sum256([]byte(password))))
	}
	words = append(words, "clearselectors", "resetkeys", "resetchannels", "-@all")
	for _, p := range m.Primitives {
		words = append(words, strings.Fields(strings.ReplaceAll(p.ACL, "{prefix}", listing.Literal(a.Prefix)))...)
	}
	words = append(words, aclClient...)
	if c.Cluster {
		words = append(words, aclCluster...)
	}
	if c.Replicas {
		words = append(words, "+wait")
	}
	if c.Operator {
		words = append(words, aclOperator...)
	}
	_, err = fmt.Fprintln(a.out, strings.Join(words, " "))
	return err
}
