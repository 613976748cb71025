//go:build unix

package main_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

const (
	latin1  = "r\xe9sum\xe9"
	notText = "caf\xe9\xff\xfe \xf0\x28"
)

// What is not UTF-8 stays what it is: in names, prefixes, owners, arguments and variables, and in JSON as base64.
func testRunBytes(t *testing.T, b *bench) {
	dir := t.TempDir()
	file := filepath.Join(dir, latin1)
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := b.command(t, "run", "x", "--", "rm", latin1)
	cmd.Dir = dir
	finish(t, cmd).want(t, 0)
	if _, err := os.Lstat(file); err == nil {
		t.Error("rm under run did not remove it")
	}
	if err := b.rdb.Set(t.Context(), notText, "theirs", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	b.run(t, "run", "-n", notText, "--", "echo", "ran").want(t, 124).prints(t, "")
	b.run(t, "acquire", "-n", notText).want(t, 124).prints(t, "")
	b.run(t, "--prefix", notText[:5], "acquire", "-n", notText[5:]).want(t, 124)
	b.runWith(t, "", []string{"REDILOCK_PREFIX=" + notText[:5]}, "acquire", "-n", notText[5:]).want(t, 124)

	owner := "me\xe9"
	r := b.runWith(t, "", []string{"REDILOCK_OWNER=" + owner}, "acquire", "--json", latin1).want(t, 0)
	got := r.objects(t)[0]
	token := b.rdb.Get(t.Context(), latin1).Val()
	if !strings.HasPrefix(token, owner+"/") || decode(t, got, "token") != token || decode(t, got, "name") != latin1 ||
		decode(t, got, "owner") != owner {
		t.Errorf("acquire --json says %v, the token is %q", got, token)
	}
	for _, command := range [][]string{{"ls", "r*"}, {"inspect", latin1}} {
		got := b.run(t, append(command, "--json")...).want(t, 0).objects(t)[0]
		if decode(t, got, "name") != latin1 || decode(t, got, "key") != latin1 || decode(t, got, "owner") != owner {
			t.Errorf("%s --json says %v", command[0], got)
		}
	}
	b.runWith(t, token, nil, "release", latin1, "--token-file", "-").want(t, 0)
	if b.rdb.Exists(t.Context(), latin1).Val() != 0 {
		t.Error("it is still held")
	}
	b.run(t, "--owner", "two\nlines", "acquire", "lines").want(t, 125).says(t, "line break")
}

// decode gives the bytes of a field of JSON.
func decode(t *testing.T, object map[string]any, field string) string {
	t.Helper()
	if coded, ok := object[field+"_base64"].(string); ok {
		text, err := base64.StdEncoding.DecodeString(coded)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	s, _ := object[field].(string)
	return s
}

// randomBytes gives bytes that an argument can carry, from letters to anything.
func randomBytes(r *rand.Rand, most int) string {
	text := make([]byte, 1+r.IntN(most))
	for i := range text {
		switch r.IntN(4) {
		case 0:
			text[i] = "{}:*?[]\\-=/,@%$'\" \n\r\t\x7f\x1b"[r.IntN(23)]
		case 1:
			text[i] = byte('a' + r.IntN(26))
		default:
			text[i] = byte(1 + r.IntN(255))
		}
	}
	return string(text)
}

// number is that of the environment, or the usual one.
func number(t *testing.T, name string, usual int) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return usual
	}
	return n
}

// What the command sees and what the server has are the bytes of the command line, or it is refused and changes nothing.
func testRunBytesRandom(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	seed := uint64(number(t, "REDILOCK_SEED", 1))
	r := rand.New(rand.NewPCG(seed, seed))
	refused := 0
	const show = `printf '%s\0' "$@" "$REDILOCK_NAME" "$VARIABLE"; "$REDILOCK" inspect --json -- "$REDILOCK_NAME"`
	n := number(t, "REDILOCK_BYTES", 60)
	for i := range n {
		name, owner, prefix := randomBytes(r, 30), randomBytes(r, 20), randomBytes(r, 8)
		args := []string{randomBytes(r, 40), randomBytes(r, 40)}
		variable := randomBytes(r, 40)
		line := []string{"--owner=" + owner, "run", "-n", "--prefix=" + prefix}
		if i%2 == 0 { // in the other order
			line = []string{"--owner=" + owner, "--prefix=" + prefix, "run", "-n"}
		}
		line = append(line, "--", name, "sh", "-c", show, "sh")
		res := b.runWith(t, "", []string{"VARIABLE=" + variable, "REDILOCK=" + b.program, "REDILOCK_PREFIX=" + prefix},
			append(line, args...)...)
		keys, err := b.rdb.Keys(t.Context(), "*").Result()
		if err != nil {
			t.Fatal(err)
		}
		if res.code == 125 {
			refused++
			if len(keys) != 0 || res.out != "" {
				t.Errorf("refused, and yet there is %q, and %q was printed", keys, res.out)
			}
			continue
		}
		parts := strings.SplitN(res.out, "\x00", 5)
		want := []string{args[0], args[1], name, variable}
		if res.code != 0 || len(parts) != 5 || fmt.Sprint(parts[:4]) != fmt.Sprint(want) {
			t.Fatalf("exit status %d, the command saw %q, want %q; %s", res.code, parts, want, res.errors)
		}
		state := result{out: parts[4]}.objects(t)[0]
		if decode(t, state, "key") != prefix+name || decode(t, state, "owner") != owner || state["held"] != true {
			t.Fatalf("the server has %v; want key %q, owner %q", state, prefix+name, owner)
		}
		if len(keys) != 1 || !strings.Contains(keys[0], name) || !strings.HasSuffix(keys[0], ":redilock:fence") {
			t.Fatalf("of %q is left %q", prefix+name, keys)
		}
		b.rdb.FlushAll(t.Context())
	}
	if n > 20 && refused > n/2 {
		t.Errorf("%d of %d were refused: that is no test", refused, n)
	}
}
