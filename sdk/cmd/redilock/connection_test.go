//go:build unix

package main_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// testConnection: a server that cannot be used is a line that names its address and says what to try.
func testConnection(t *testing.T, b *bench) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := closed.Addr().String()
	closed.Close()
	secret := b.another(t, server.Options{Password: "correct", UnixSocket: true})
	dir := t.TempDir()
	right, wrong, empty := filepath.Join(dir, "right"), filepath.Join(dir, "wrong"), filepath.Join(dir, "empty")
	for file, text := range map[string]string{right: "correct\n", wrong: "wr0ng\n", empty: "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inspect := func(url string, env []string, args ...string) result {
		c := *b
		c.url = url
		r := c.runWith(t, "", env, append(args, "inspect", "x")...)
		for _, password := range []string{"correct", "wr0ng"} {
			if len(r.errors) > 0 && strings.Contains(r.errors, password) {
				t.Errorf("a password in %q", r.errors)
			}
		}
		return r
	}
	for _, url := range []string{"redis://" + secret.Addr(), "unix://" + secret.Socket()} {
		inspect(url, []string{"REDIS_PASSWORD=correct"}).want(t, 0)
		inspect(url, nil, "--password-file", right).want(t, 0)
		inspect(url, nil).want(t, 125).says(t, "wants a password: set REDIS_PASSWORD or --password-file")
		inspect(url, nil, "--password-file", wrong).want(t, 125).says(t, "refuses this user name or password")
		inspect(url, nil, "--password-file", empty).want(t, 125).says(t, "empty")
	}
	inspect("redis://:correct@"+secret.Addr(), nil).want(t, 0)
	inspect("redis://:wr0ng@"+secret.Addr(), nil).want(t, 125).says(t, secret.Addr())
	inspect("redis://:wr0ng@"+secret.Addr(), []string{"REDIS_PASSWORD=correct"}).want(t, 0)
	inspect("redis://x:wr0ng@"+b.Addr(), nil).want(t, 125).says(t, "user name or password")

	inspect("redis://"+nowhere, nil).want(t, 125).says(t, "cannot reach Redis at "+nowhere+" (connection refused): start it")
	inspect("redis://nonsense.invalid", nil).want(t, 125).says(t, `the host "nonsense.invalid" is unknown`)
	inspect("unix://"+dir+"/none", nil).want(t, 125).says(t, "there is no socket "+dir+"/none")
	inspect("redis+cluster://"+b.Addr(), nil).want(t, 125).says(t, "is no cluster: write redis://")
	inspect("redis+cluster://"+nowhere, nil).want(t, 125).says(t, "cannot reach Redis at "+nowhere)
	inspect("redis+sentinel://"+nowhere+"/group", nil).want(t, 125).says(t, nowhere)
	inspect("redis+sentinel://"+b.Addr()+"/group", nil).want(t, 125).says(t, "no sentinel answers at "+b.Addr())
}
