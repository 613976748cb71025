package server_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/resp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	options := server.Options{UnixSocket: true, Password: "secret", Args: []string{"--maxclients", "77"}}
	server.ForEach(t, options, func(t *testing.T, s *server.Server) {
		if s.Name() != "redis" && s.Name() != "valkey" || !strings.Contains(s.Version(), ".") || s.PID() <= 0 {
			t.Errorf("name %q, version %q, pid %d", s.Name(), s.Version(), s.PID())
		}
		if _, err := os.Stat(s.Socket()); err != nil {
			t.Error(err)
		}
		client := redis.NewClient(s.RedisOptions())
		got, err := client.ConfigGet(t.Context(), "maxclients").Result()
		if err != nil || got["maxclients"] != "77" {
			t.Errorf("maxclients %v: %v", got, err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		conn, err := resp.Dial("tcp", s.Addr(), patience)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if reply, err := conn.Do("PING"); err != nil || reply.Code() != "NOAUTH" {
			t.Errorf("without the password: %s, %v", reply, err)
		}
		for range 2 {
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		}
		if _, err := net.DialTimeout("tcp", s.Addr(), patience); err == nil {
			t.Error("the server still listens")
		}
		if _, err := os.Stat(filepath.Dir(s.Socket())); !os.IsNotExist(err) {
			t.Errorf("its folder is still there: %v", err)
		}
	})
}

const patience = 5e9 // ns

func TestStartFails(t *testing.T) {
	t.Parallel()
	silent := filepath.Join(t.TempDir(), "silent-server")
	if err := os.WriteFile(silent, []byte("#!/bin/sh\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ executable, want string }{
		{filepath.Join(t.TempDir(), "no-such-server"), "no-such-server"},
		{silent, "silent-server ended at once: it printed nothing"},
	} {
		_, err := server.Start(t.Context(), server.Options{Executable: test.executable})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.executable, err, test.want)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	mute := filepath.Join(t.TempDir(), "mute-server")
	if err := os.WriteFile(mute, []byte("#!/bin/sh\nexec cat <&0 >/dev/null\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Start(cancelled, server.Options{Executable: mute}); err == nil {
		t.Error("a server that never answers has started")
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	options := server.Options{Args: []string{"--appendonly", "yes", "--appendfsync", "always"}}
	server.ForEach(t, options, func(t *testing.T, s *server.Server) {
		rdb := redis.NewClient(s.RedisOptions())
		defer rdb.Close()
		addr, pid := s.Addr(), s.PID()
		if err := rdb.Set(t.Context(), "key", "value", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.Addr() != addr || s.PID() == pid {
			t.Errorf("address %s, was %s; pid %d, was %d", s.Addr(), addr, s.PID(), pid)
		}
		if got, err := rdb.Get(t.Context(), "key").Result(); got != "value" {
			t.Errorf("after the restart: %q, %v", got, err)
		}
	})
}

func TestExecutables(t *testing.T) {
	dir := t.TempDir()
	here := filepath.Join(dir, "a-server")
	if err := os.WriteFile(here, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	t.Setenv("PATH", dir)
	t.Setenv(server.EnvServers, strings.Join([]string{here, missing, "", here}, string(filepath.ListSeparator)))
	found := server.Executables()
	if len(found) != 2 || found[0].Path != here || found[0].Err != nil || found[1].Path != missing || found[1].Err == nil {
		t.Errorf("found %+v", found)
	}
	t.Setenv(server.EnvRequire, "1")
	if !server.Required() {
		t.Error("servers are not required")
	}
}
