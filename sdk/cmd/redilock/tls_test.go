//go:build unix

package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates, and writes them to files.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.sign(t, "ca")
	return a
}

// sign makes NAME.pem and NAME.key; the first one signs itself.
func (a *authority) sign(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		IsCA: a.cert == nil, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(filepath.Join(a.dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// front puts TLS that wants a certificate before a server.
func (a *authority) front(t *testing.T, name, to string) string {
	t.Helper()
	a.sign(t, name)
	pair, err := tls.LoadX509KeyPair(a.file(name+".pem"), a.file(name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				s, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer s.Close()
				go func() { _, _ = io.Copy(s, c); s.Close() }()
				_, _ = io.Copy(c, s)
			}()
		}
	}()
	return l.Addr().String()
}

// testTLS: an authority, a certificate and a name of the server can be given, by flags and by the environment.
func testTLS(t *testing.T, b *bench) {
	a, stranger := newAuthority(t), newAuthority(t)
	url := "rediss://" + a.front(t, "redis.example", b.Addr())
	a.sign(t, "client")
	stranger.sign(t, "client")
	ca, cert, key := a.file("ca.pem"), a.file("client.pem"), a.file("client.key")
	both := a.file("both.pem")
	certText, _ := os.ReadFile(cert)
	keyText, _ := os.ReadFile(key)
	if err := os.WriteFile(both, append(certText, keyText...), 0o600); err != nil {
		t.Fatal(err)
	}
	call := func(url string, env []string, args ...string) result {
		c := *b
		c.url = url
		return c.runWith(t, "", env, append(args, "run", "tls", "--", "echo", "ran")...)
	}
	trusted := []string{"--cacert", ca, "--sni", "redis.example"}
	call(url, nil, append(trusted, "--cert", cert, "--key", key)...).want(t, 0).prints(t, "ran\n")
	call(url, nil, append(trusted, "--cert", both)...).want(t, 0).prints(t, "ran\n")
	call(url, []string{"REDIS_CACERT=" + ca, "REDIS_SNI=redis.example", "REDIS_CERT=" + cert, "REDIS_KEY=" + key}).want(t, 0)
	for what, r := range map[string]result{
		"authority": call(url, nil, "--cert", both, "--sni", "redis.example"),
		"name":      call(url, nil, "--cert", both, "--cacert", ca),
		"none":      call(url, nil, trusted...),
		"stranger": call(url, nil, append(trusted, "--cert", stranger.file("client.pem"),
			"--key", stranger.file("client.key"))...),
	} {
		if r.want(t, 125); !strings.Contains(strings.ToLower(r.errors), "tls") || r.out != "" {
			t.Errorf("%s: %q", what, r.errors)
		}
	}
	call(url, nil, "--cacert", key).want(t, 125).says(t, "no certificate in")
	call(url, nil, "--cacert", a.file("none")).want(t, 125).says(t, "no such file")
	call(url, nil, "--key", key).want(t, 125).says(t, "--cert")
	call(url, nil, "--cert", cert).want(t, 125).says(t, "--cert")
	call(b.url, nil, "--cacert", ca).want(t, 125).says(t, "rediss://")
}

// testPasswords: no message shows a part of a password, whatever is in it.
func testPasswords(t *testing.T, b *bench) {
	const part = "s3cr3t"
	for _, password := range []string{
		"12?" + part, "12/" + part, "12#" + part, part + "?12", part + "/1", part + "#", "?" + part, "%" + part,
		part + "%zz",
		"a b" + part, part + "@x?y", "[" + part, part + ":1/2?x", "1?db=" + part, "1/0?x=" + part, part + "\n", part + "^",
	} {
		for _, scheme := range []string{"redis", "rediss", "unix", "redis+sentinel", "redis+cluster", "", "http"} {
			for _, user := range []string{"", "user"} {
				url := scheme + "://" + user + ":" + password + "@127.0.0.1:1/0"
				if scheme == "" {
					url = user + ":" + password + "@127.0.0.1:1"
				}
				c := *b
				c.url = ""
				r := c.run(t, "-v", "--redis", url, "run", "-n", "x", "--", "true").want(t, 125)
				if strings.Contains(r.errors, part) || strings.Contains(r.errors, "%zz") {
					t.Errorf("%s: %s", url, r.errors)
				}
			}
		}
	}
}
