package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

func TestMain(m *testing.M) {
	redis.SetLogger(silent{}) // what matters comes back as an error
	os.Exit(m.Run())
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// shape is what a URL made of a client, in a line.
func shape(t *testing.T, rdb redis.UniversalClient) string {
	t.Helper()
	switch c := rdb.(type) {
	case *redis.Client:
		o := c.Options()
		return fmt.Sprint(o.Network, " ", o.Addr, " user=", o.Username, " password=", o.Password, " db=", o.DB,
			" tls=", o.TLSConfig != nil, " dial=", o.DialTimeout)
	case *redis.ClusterClient:
		o := c.Options()
		return fmt.Sprint("cluster ", strings.Join(o.Addrs, " "), " user=", o.Username, " password=", o.Password,
			" tls=", o.TLSConfig != nil, " dial=", o.DialTimeout)
	default:
		t.Fatalf("a %T", rdb)
		return ""
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ url, password, want string }{
		{Default, "", "tcp localhost:6379 user= password= db=0 tls=false dial=3s"},
		{"redis://h", "", "tcp h:6379 user= password= db=0 tls=false dial=3s"},
		{"redis://", "", "tcp localhost:6379 user= password= db=0 tls=false dial=3s"},
		{"redis://u:p%40@h:1/7?dial_timeout=9s", "", "tcp h:1 user=u password=p@ db=7 tls=false dial=9s"},
		{"redis://u:p@h:1", "better", "tcp h:1 user=u password=better db=0 tls=false dial=3s"},
		{"redis://[::1]:7", "", "tcp [::1]:7 user= password= db=0 tls=false dial=3s"},
		{"rediss://h:1", "", "tcp h:1 user= password= db=0 tls=true dial=3s"},
		{"unix:///run/redis.sock?db=3", "s", "unix /run/redis.sock user= password=s db=3 tls=false dial=3s"},
		{"unix://u:p@/run/redis.sock", "", "unix /run/redis.sock user=u password=p db=0 tls=false dial=3s"},
		{"redis+sentinel://a,b:1/g", "", "tcp FailoverClient user= password= db=0 tls=false dial=3s"},
		{"rediss+sentinel://u:p@a,b/g/5", "better", "tcp FailoverClient user=u password=better db=5 tls=true dial=3s"},
		{"redis+cluster://a,b:1,[::1]", "", "cluster a:6379 b:1 [::1]:6379 user= password= tls=false dial=3s"},
		{"rediss+cluster://u:p@a:7/", "", "cluster a:7 user=u password=p tls=true dial=3s"},
		{"redis+cluster://u:p,q@a?read_timeout=1s", "better", "cluster a:6379 user=u password=better tls=false dial=3s"},
	} {
		rdb, err := Server{URL: test.url, Password: test.password}.Open()
		if err != nil {
			t.Errorf("%s: %v", test.url, err)
			continue
		}
		if got := shape(t, rdb); got != test.want {
			t.Errorf("%s: %s, want %s", test.url, got, test.want)
		}
		_ = rdb.Close()
	}
}

// A URL that is wrong is told so, what to write instead, and nothing of what may be a password.
func TestRefused(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                                   "is no URL: write redis://host:port",
		"localhost:6379":                     "is no URL",
		"http://h":                           `the scheme "http" is unknown: use redis`,
		"redis://h/x":                        "database",
		"redis://h:1,i:2":                    "several hosts: write redis+sentinel://",
		"redis://h:port":                     "the port is no number",
		"redis://:s3cret/x@h:1":              "an @ after the hosts",
		"redis://:s3cret?x@h:1":              "an @ after the hosts",
		"redis://:12?s3cret@h:1":             "an @ after the hosts",
		"redis://u:12/s3cret@h:1/0":          "an @ after the hosts",
		"redis://s3cret#x@h":                 "an @ after the hosts",
		"redis://u:p@s3cret?x@h":             "an @ after the hosts",
		"redis://h?client_name=a@b":          "@ is written as %40",
		"redis://:%s3cret@h":                 "% without two hexadecimal digits",
		"redis://u:p%zzs3cret@h":             "% without two hexadecimal digits",
		"redis+sentinel://:12/s3cret@h/g":    "an @ after the hosts",
		"redis+sentinel://:1?s3cret@h/g":     "an @ after the hosts",
		"redis+cluster://:1/s3cret@h":        "an @ after the hosts",
		"unix://:s3cret/x@/run/sock":         "nothing, or a user name and password",
		"unix:///run/sock?db=s3cret@":        "an @ after the hosts",
		":s3cret@h:1":                        "is no URL",
		"redis:s3cret@h://":                  "the scheme",
		"redis://[s3cret@h":                  "written as %xx",
		"redis://:s3cret^@h:1":               "written as %xx",
		"redis://h?nonsense=1":               "nonsense",
		"unix://":                            "socket",
		"redis+sentinel://h":                 "names the group",
		"redis+sentinel://h/g/0/1":           "names the group",
		"redis+sentinel://h/g/x":             "is a number",
		"redis+sentinel://h,,i/g":            "a host is missing",
		"redis+sentinel:///g":                "a host is missing",
		"redis+cluster://":                   "a host is missing",
		"redis+cluster://h/1":                "one database only",
		"redis+cluster://h?nonsense=1":       "nonsense",
		"redis+cluster://:s3cret^@h,i":       "written as %xx",
		"redis+" + strings.Repeat("x", 2000): "is no URL",
	} {
		rdb, err := Server{URL: url, Password: "s3cret"}.Open()
		if err == nil {
			_ = rdb.Close()
			t.Errorf("%.60s is accepted: %s", url, shape(t, rdb))
			continue
		}
		if s := err.Error(); !strings.Contains(s, want) || strings.Contains(s, "s3cret") || len(s) > 300 ||
			strings.ContainsAny(s, "\n\r") {
			t.Errorf("%.60s: %s, want %q in it", url, s, want)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	want := map[string]string{
		Default: "localhost:6379", "redis://u:p@h:1/7?x=y": "h:1", "redis://": "localhost", "unix:///run/x?db=1": "/run/x",
		"unix://u:p@/run/x": "/run/x", "redis+sentinel://u:p@a,b:1/g": "a,b:1", "redis+cluster://a,b": "a,b",
		"nonsense":         "an unknown address",
		"redis://u:p@ss@h": "h",
	}
	for url := range want {
		got[url] = Address(url)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Sentinels are asked for the primary; the second of them, where the first is away.
func TestSentinel(t *testing.T) {
	t.Parallel()
	server.ForEach(t, server.Options{Password: "of the server"}, func(t *testing.T, s *server.Server) {
		away, addr := freeAddr(t), freeAddr(t)
		_, port, _ := net.SplitHostPort(s.Addr())
		_, own, _ := net.SplitHostPort(addr)
		file := filepath.Join(t.TempDir(), "sentinel.conf")
		conf := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nrequirepass other\nsentinel monitor group 127.0.0.1 %s 1\n"+
			"sentinel auth-pass group \"of the server\"\n", own, filepath.Dir(file), port)
		if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), s.Executable(), file, "--sentinel")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
		url := "redis+sentinel://" + away + "," + addr + "/group/3"
		rdb, err := Server{URL: url, Password: "of the server", SentinelPassword: "other"}.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer rdb.Close()
		for end := time.Now().Add(20 * time.Second); ; {
			info, err := rdb.ClientInfo(t.Context()).Result()
			if err == nil {
				if info.DB != 3 || info.LAddr != s.Addr() {
					t.Errorf("connected to %s, database %d", info.LAddr, info.DB)
				}
				return
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
		}
	})
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// nobody is an address that no other test is given meanwhile, as it may be one that was free a moment ago.
const nobody = "127.0.0.1:1"

// A server that is away is given up soon, and the error is one that says so.
func TestAway(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"redis://%s", "redis+cluster://%s", "redis+sentinel://%s/g"} {
		rdb, err := Server{URL: fmt.Sprintf(url, nobody)}.Open()
		if err != nil {
			t.Fatal(err)
		}
		err = rdb.Ping(t.Context()).Err()
		if err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: %v", url, err)
		}
		_ = rdb.Close()
	}
}
