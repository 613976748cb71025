//go:build unix

package main_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// testExporter serves a lock of this program with a password, and ends by a signal although a stream is open.
func testExporter(t *testing.T, b *bench) {
	const prefix = "exported:"
	web := filepath.Join(t.TempDir(), "web.yml")
	// The password is "secret".
	const users = "basic_auth_users:\n  me: $2b$04$WGUUXMcOXCf0BYvHvAzkgOr.ZMIeVH10oHqTRPtPG9Z8L2rnpkeqW\n"
	if err := os.WriteFile(web, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	b.lock(t, "holder", prefix+"x")
	b.acquire(t, "holder", prefix+"y", 2)
	errs := new(lockedBuffer)
	cmd := b.command(t, "--prefix", prefix, "exporter", "-v", "--listen", "127.0.0.1:0", "--web-config", web, "-i", "20ms")
	cmd.Stderr = errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := ""
	eventually(t, "it serves", func() bool {
		_, rest, ok := strings.Cut(errs.String(), "serving address=")
		address, _, _ = strings.Cut(rest, "\n")
		return ok && address != ""
	})
	get := func(path, password string) (int, string) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("me", password)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(text)
	}
	eventually(t, "it knows the lock", func() bool {
		_, text := get("/metrics", "secret")
		return strings.Contains(text, `redilock_lock_held{name="x",primitive="mutex"} 1`) &&
			strings.Contains(text, `redilock_lock_used{name="y",primitive="semaphore"} 2`)
	})
	if status, text := get("/", "wrong"); status != http.StatusUnauthorized || strings.Contains(text, "holder") {
		t.Errorf("with a wrong password: %d %s", status, text)
	}
	if status, text := get("/", "secret"); status != http.StatusOK || !strings.Contains(text, "holder") {
		t.Errorf("the page: %d %s", status, text)
	}
	streaming := make(chan struct{})
	go func() {
		defer close(streaming)
		get("/events", "secret")
	}()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, cmd)
	<-streaming
	if code := cmd.ProcessState.ExitCode(); code != 128+int(syscall.SIGTERM) && code != 0 {
		t.Errorf("exit status %d:\n%s", code, errs.String())
	}
}

// testExporterAway serves although the server does not answer, and says so.
func testExporterAway(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	if err := b.Stop(); err != nil {
		t.Fatal(err)
	}
	errs := new(lockedBuffer)
	cmd := b.command(t, "exporter", "-v", "--listen", "127.0.0.1:0")
	cmd.Stderr = errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	eventually(t, "it says so", func() bool { return strings.Contains(errs.String(), "the server did not answer") })
	_, rest, _ := strings.Cut(errs.String(), "serving address=")
	address, _, _ := strings.Cut(rest, "\n")
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Get("http://" + address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/healthz answers %s", answer.Status)
	}
}
