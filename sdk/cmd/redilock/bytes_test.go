//go:build unix

package main

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// TestExactBytes: the words of random command lines are taken as they are, or are refused; and what is shown as JSON gives
// them back. REDILOCK_WORDS sets another number of lines.
func TestExactBytes(t *testing.T) {
	t.Parallel()
	n, err := strconv.Atoi(os.Getenv("REDILOCK_WORDS"))
	if err != nil {
		n = 5_000
	}
	r := rand.New(rand.NewPCG(1, 1))
	word := func(most int) string {
		text := make([]byte, 1+r.IntN(most))
		for i := range text {
			text[i] = byte(1 + r.IntN(255))
			if r.IntN(3) == 0 {
				text[i] = "-=,\"' \\{}:\n%$@"[r.IntN(14)]
			}
		}
		return string(text)
	}
	var c commands
	parser, err := kong.New(&c, options()...)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for range n {
		name, owner, prefix, file := word(20), word(20), word(10), word(10)
		arguments := []string{"sh", word(20), word(20), "--", word(5)}
		line := append([]string{"--owner=" + owner, "--prefix", prefix, "run", "-n", "--", name}, arguments...)
		if r.IntN(2) == 0 {
			line = []string{"--owner=" + owner, "--prefix=" + prefix, "acquire", "--token-file=" + file, "--", name}
		}
		parsed, err := parser.Parse(line)
		if err != nil {
			refused++
			continue
		}
		got := c.Acquire.Name
		if strings.HasPrefix(parsed.Command(), "run") {
			got = c.Run.Name
			if !slices.Equal(c.Run.Command, arguments) {
				t.Fatalf("%q became %q", arguments, c.Run.Command)
			}
		} else if c.Acquire.TokenFile != file {
			t.Fatalf("the file %q became %q", file, c.Acquire.TokenFile)
		}
		if got != name || c.Owner != owner || c.Prefix != prefix {
			t.Fatalf("%q became name %q, owner %q, prefix %q", line, got, c.Owner, c.Prefix)
		}
		text, err := json.Marshal(newStatusJSON(name, prefix+name, state.State{Status: redilock.Status{Owner: owner}}))
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := json.Unmarshal(text, &object); err != nil {
			t.Fatal(err)
		}
		for field, want := range map[string]string{"name": name, "key": prefix + name, "owner": owner} {
			got, _ := object[field].(string)
			if coded, ok := object[field+"_base64"].(string); ok {
				raw, _ := base64.StdEncoding.DecodeString(coded)
				got = string(raw)
			}
			if got != want {
				t.Fatalf("%s is %q in %s, want %q", field, got, text, want)
			}
		}
	}
	if refused > n/2 {
		t.Errorf("%d of %d were refused: that is no test", refused, n)
	}
}
