package redilock_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// contend lets two clients take turns, so that a queue, a subscription and hand-offs are in play, and checks fences.
func contend(t *testing.T, name string, clients ...*redilock.Client) {
	t.Helper()
	const turns = 20
	fences := make(chan int64, turns*len(clients))
	failed := make(chan error, len(clients))
	for _, c := range clients {
		go func() {
			var err error
			for range turns {
				err = errors.Join(err, c.Do(t.Context(), name, 10*time.Second,
					func(_ context.Context, l *redilock.Lock) error {
						fences <- l.Fence()
						return l.Extend(t.Context(), 20*time.Second)
					}))
			}
			failed <- err
		}()
	}
	for range clients {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	close(fences)
	last := int64(0)
	for f := range fences {
		if f <= last {
			t.Errorf("fence %d after %d", f, last)
		}
		last = f
	}
}

func TestUnixSocket(t *testing.T) {
	onServers(t, func(t *testing.T, s *real) {
		if s.RedisOptions().Network != "unix" {
			t.Fatal("not a Unix socket")
		}
		contend(t, "x", s.client(t), s.client(t))
		s.left(t)
	}, server.Options{UnixSocket: true})
}

func TestTLS(t *testing.T) {
	cert, key, pool := certificate(t)
	onServers(t, func(t *testing.T, s *real) {
		port := freePort(t)
		for _, set := range [][2]string{
			{"tls-cert-file", cert}, {"tls-key-file", key}, {"tls-auth-clients", "no"}, {"tls-port", port},
		} {
			if err := s.rdb.ConfigSet(t.Context(), set[0], set[1]).Err(); err != nil {
				t.Fatalf("%s: %v", set[0], err)
			}
		}
		o := &redis.Options{
			Addr:      net.JoinHostPort("127.0.0.1", port),
			TLSConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		}
		contend(t, "x", newClient(t, o), newClient(t, o))
		s.left(t)

		plain := newClient(t, &redis.Options{Addr: o.Addr, DialerRetries: 1})
		if _, err := plain.Mutex("x", time.Second).Lock(t.Context()); !errors.Is(err, redilock.ErrUnavailable) {
			t.Errorf("without TLS: %v, want ErrUnavailable", err)
		}
	})
}

// certificate makes a certificate for 127.0.0.1 that vouches for itself.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(public)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, certFile, public)
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return certFile, keyFile, pool
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// A Sentinel group goes on after its primary was killed. What the failover may lose is declared; that the lock can be
// taken again, with a higher fence, is what must be.
func TestSentinel(t *testing.T) {
	onServers(t, func(t *testing.T, primary *real) {
		replica := server.StartReplicaT(t, primary.Server)
		sentinel := server.StartSentinelT(t, primary.Server, 1)
		o := &redis.FailoverOptions{MasterName: server.SentinelGroup, SentinelAddrs: []string{sentinel}}
		client := func() *redilock.Client {
			rdb := redis.NewFailoverClient(o)
			t.Cleanup(func() { _ = rdb.Close() })
			c, err := redilock.New(rdb)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			return c
		}
		a, b := client(), client()
		contend(t, "x", a, b)
		l, err := a.Mutex("x", time.Minute).Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := primary.rdb.Do(t.Context(), "WAIT", 1, 5000).Err(); err != nil {
			t.Fatal(err)
		}
		if err := l.Unlock(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := primary.Stop(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var again *redilock.Lock
		for {
			if again, err = b.Mutex("x", time.Minute).Lock(ctx); err == nil || ctx.Err() != nil {
				break
			}
			if !errors.Is(err, redilock.ErrUnavailable) {
				t.Errorf("during the failover: %v", err)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if again.Fence() <= l.Fence() {
			t.Errorf("fence %d after %d", again.Fence(), l.Fence())
		}
		if role := infoOf(t, replica, "replication"); !strings.Contains(role, "role:master") {
			t.Error("the replica did not become the primary")
		}
		contend(t, "y", a, b)
	})
}

func infoOf(t *testing.T, s *server.Server, section string) string {
	t.Helper()
	rdb := redis.NewClient(s.RedisOptions())
	defer rdb.Close()
	info, err := rdb.Info(t.Context(), section).Result()
	if err != nil {
		t.Fatal(err)
	}
	return info
}
