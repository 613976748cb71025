package server

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// SentinelGroup is what Sentinels of tests call the servers that they watch over.
const SentinelGroup = "group"

// StartReplicaT starts a replica of a server, for a test.
func StartReplicaT(t testing.TB, primary *Server) *Server {
	t.Helper()
	rdb := redis.NewClient(primary.RedisOptions())
	defer func() { _ = rdb.Close() }()
	// It is the primary that waits for more replicas before it begins, 5 s unless told not to.
	if err := rdb.ConfigSet(t.Context(), "repl-diskless-sync-delay", "0").Err(); err != nil {
		t.Fatal(err)
	}
	return StartT(t, Options{Executable: primary.Executable(), Args: []string{
		"--replicaof", "127.0.0.1 " + portOf(primary.Addr()), "--repl-diskless-sync-delay", "0",
	}})
}

// UntilReplicasT waits until so many replicas have all that a primary has.
func UntilReplicasT(t testing.TB, primary *Server, replicas int) {
	t.Helper()
	rdb := redis.NewClient(primary.RedisOptions())
	defer func() { _ = rdb.Close() }()
	for end := time.Now().Add(settleTimeout); ; {
		conn := rdb.Conn()
		err := conn.Set(t.Context(), "replicated", 1, time.Millisecond).Err()
		n, waitErr := conn.Wait(t.Context(), replicas, time.Second).Result()
		_ = conn.Close()
		if err == nil && waitErr == nil && int(n) >= replicas {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %v: %d of %d replicas, %v, %v", settleTimeout, n, replicas, err, waitErr)
		}
	}
}

// StartSentinelT starts one Sentinel over a primary with so many replicas, and gives its address once it knows them.
// One is enough to try a failover.
func StartSentinelT(t testing.TB, primary *Server, replicas int) (addr string) {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "sentinel.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, `port %d
bind 127.0.0.1
dir %s
sentinel monitor %s 127.0.0.1 %s 1
sentinel down-after-milliseconds %[3]s 500
sentinel failover-timeout %[3]s 2000
`, port, dir, SentinelGroup, portOf(primary.Addr())), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(primary.Executable(), file, "--sentinel")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	rdb := redis.NewSentinelClient(&redis.Options{Addr: addr})
	defer func() { _ = rdb.Close() }()
	for end := time.Now().Add(settleTimeout); ; time.Sleep(10 * time.Millisecond) {
		known, err := rdb.Replicas(t.Context(), SentinelGroup).Result()
		linked := 0
		for _, r := range known {
			if r["master-link-status"] == "ok" {
				linked++
			}
		}
		if err == nil && linked == replicas {
			return addr
		}
		if time.Now().After(end) {
			t.Fatalf("not within %v: the sentinel knows %d replicas, %v", settleTimeout, replicas, err)
		}
	}
}
