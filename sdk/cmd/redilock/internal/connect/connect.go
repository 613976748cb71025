// Package connect makes a go-redis client of a URL: one server, a Sentinel group or a cluster.
package connect

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Default is where Redis is when nobody says so.
const Default = "redis://localhost:6379"

// dialTimeout is how long an address may take to answer before it counts as out of reach.
const dialTimeout = 3 * time.Second

// Server is where to connect, and how.
type Server struct {
	URL              string
	Password         string // instead of the URL's, if it is not empty
	SentinelPassword string
	TLS              TLS
}

// Open makes the client. Nothing is sent. The error says what is wrong with the URL, without repeating a password.
func (s Server) Open() (redis.UniversalClient, error) {
	scheme, rest, found := strings.Cut(s.URL, "://")
	if !found {
		return nil, errors.New("that is no URL: write redis://host:port") // it is not repeated: it may be a password
	}
	if err := unambiguous(scheme, rest); err != nil {
		return nil, err
	}
	switch scheme {
	case "redis", "rediss":
		if host, _, _ := strings.Cut(rest[strings.LastIndexByte(rest, '@')+1:], "/"); strings.Contains(host, ",") {
			return nil, fmt.Errorf("several hosts: write %s+sentinel://host,host/mymaster or %s+cluster://host,host",
				scheme, scheme)
		}
		return s.single()
	case "unix":
		return s.single()
	case "redis+sentinel", "rediss+sentinel":
		return s.sentinel(strings.TrimSuffix(scheme, "+sentinel"), rest)
	case "redis+cluster", "rediss+cluster":
		return s.cluster(strings.TrimSuffix(scheme, "+cluster"), rest)
	default:
		if len(scheme) > 20 || strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz+") != "" {
			scheme = "…" // it may be a password as well
		}
		return nil, fmt.Errorf("the scheme %q is unknown: use redis, rediss, unix, redis+sentinel or redis+cluster", scheme)
	}
}

func (s Server) single() (redis.UniversalClient, error) {
	o, err := redis.ParseURL(s.URL)
	if err != nil {
		return nil, reason(err)
	}
	if s.Password != "" {
		o.Password = s.Password
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = dialTimeout
	}
	o.DialerRetries = 1 // calls are repeated where that is safe; a refused connection is news for the user
	o.ContextTimeoutEnabled = true
	if err := s.TLS.apply(o.TLSConfig); err != nil {
		return nil, err
	}
	return redis.NewClient(o), nil
}

// sentinel takes host:port,host:port/MASTER[/DB]; the credentials are those of the servers, not of the sentinels.
func (s Server) sentinel(scheme, rest string) (redis.UniversalClient, error) {
	u, hosts, err := split(scheme, rest)
	if err != nil {
		return nil, err
	}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	if path[0] == "" || len(path) > 2 {
		return nil, errors.New("a sentinel URL names the group: redis+sentinel://host:26379,host:26379/mymaster")
	}
	q := u.Query()
	q.Set("master_name", path[0])
	addMissingPort(hosts, "26379")
	q["addr"] = hosts[1:]
	if len(path) == 2 {
		if _, err := strconv.Atoi(path[1]); err != nil {
			return nil, errors.New("the database behind the group is a number: redis+sentinel://host/mymaster/0")
		}
		q.Set("db", path[1])
	}
	user, password := credentials(u)
	u.User, u.Path, u.Host, u.RawQuery = nil, "", hosts[0], q.Encode()
	o, err := redis.ParseFailoverURL(u.String())
	if err != nil {
		return nil, reason(err)
	}
	o.Username, o.Password = user, password
	if s.Password != "" {
		o.Password = s.Password
	}
	o.SentinelPassword = s.SentinelPassword
	if o.DialTimeout == 0 {
		o.DialTimeout = dialTimeout
	}
	o.DialerRetries = 1
	o.ContextTimeoutEnabled = true
	if err := s.TLS.apply(o.TLSConfig); err != nil {
		return nil, err
	}
	return redis.NewFailoverClient(o), nil
}

func (s Server) cluster(scheme, rest string) (redis.UniversalClient, error) {
	u, hosts, err := split(scheme, rest)
	if err != nil {
		return nil, err
	}
	if strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("a cluster has one database only: leave the path out of the URL")
	}
	addMissingPort(hosts, "6379")
	q := u.Query()
	q["addr"] = hosts[1:]
	u.Path, u.Host, u.RawQuery = "", hosts[0], q.Encode()
	o, err := redis.ParseClusterURL(u.String())
	if err != nil {
		return nil, reason(err)
	}
	if s.Password != "" {
		o.Password = s.Password
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = dialTimeout
	}
	o.DialerRetries = 1
	o.ContextTimeoutEnabled = true
	if err := s.TLS.apply(o.TLSConfig); err != nil {
		return nil, err
	}
	return redis.NewClusterClient(o), nil
}

// split takes the list of hosts out of a URL, which net/url cannot read with more than one.
func split(scheme, rest string) (*url.URL, []string, error) {
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority = rest[:i]
	}
	tail := rest[len(authority):]
	user, hosts := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, hosts = authority[:i+1], authority[i+1:]
	}
	list := strings.Split(hosts, ",")
	for _, h := range list {
		if h == "" {
			return nil, nil, errors.New("a host is missing: write host:port,host:port")
		}
	}
	u, err := url.Parse(scheme + "://" + user + list[0] + tail)
	if err != nil {
		return nil, nil, reason(err)
	}
	return u, list, nil
}

func addMissingPort(hosts []string, port string) {
	for i, h := range hosts {
		if strings.LastIndexByte(h, ':') <= strings.LastIndexByte(h, ']') {
			hosts[i] = h + ":" + port
		}
	}
}

func credentials(u *url.URL) (user, password string) {
	password, _ = u.User.Password()
	return u.User.Username(), password
}

// unambiguous refuses a URL in which the end of a password can be taken for something else, and so be shown: an @ after the
// hosts. A password may hold what ends the hosts in the eyes of a parser: / ? #.
func unambiguous(scheme, rest string) error {
	hosts, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		hosts, tail = rest[:i], rest[i:]
	}
	if scheme == "unix" {
		if hosts != "" && !strings.HasSuffix(hosts, "@") {
			return errors.New("between unix:// and the path there is nothing, or a user name and password with an @ " +
				"behind; their / ? # @ % are written as %xx")
		}
		_, tail, _ = strings.Cut(tail, "?") // a path may have an @
	}
	if strings.Contains(tail, "@") {
		return errors.New("there is an @ after the hosts: in a user name or password / ? # @ % are written as %xx, " +
			"or give the password by --password-file; elsewhere @ is written as %40")
	}
	return nil
}

// reason is what is wrong with a URL, without the URL, which may hold a password.
func reason(err error) error {
	var parse *url.Error
	if !errors.As(err, &parse) {
		return errors.New(strings.TrimPrefix(err.Error(), "redis: "))
	}
	var escape url.EscapeError
	var host url.InvalidHostError
	switch text := parse.Err.Error(); {
	case strings.Contains(text, "invalid userinfo"):
		return errors.New("the user name or password has characters to be written as %xx, " +
			"or to be given by --password-file")
	case strings.HasPrefix(text, "invalid port"):
		return errors.New("the port is no number: write redis://host:6379, or give the password by --password-file")
	case errors.As(parse.Err, &escape):
		return errors.New("there is a % without two hexadecimal digits behind it: % itself is written as %25")
	case errors.As(parse.Err, &host):
		return errors.New("the host has a character that no host has")
	default:
		return errors.New("it cannot be read as a URL: write redis://host:port")
	}
}

// Address is the part of a URL that may be shown: where it leads, without who goes there. It is for URLs that can be
// opened.
func Address(rawURL string) string {
	scheme, rest, found := strings.Cut(rawURL, "://")
	if !found || unambiguous(scheme, rest) != nil {
		return "an unknown address"
	}
	rest, _, _ = strings.Cut(rest, "?")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if strings.HasPrefix(rawURL, "unix:") {
		return rest
	}
	hosts, _, _ := strings.Cut(rest, "/")
	if hosts == "" {
		return "localhost"
	}
	return clip(hosts)
}

// maxShown bounds what a message repeats of what the user wrote.
const maxShown = 100

func clip(s string) string {
	if len(s) > maxShown {
		return s[:maxShown] + "…"
	}
	return s
}
