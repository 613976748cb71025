package connect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLS is whom to trust, and who we are. All of it may be empty: then the system's authorities are trusted.
type TLS struct {
	CA         string // a file of certificates in PEM, to be trusted instead of the system's
	Cert, Key  string // files in PEM: our own certificate and its key, or both in one
	ServerName string // the name to ask for and to find in the server's certificate, instead of the host
}

// apply sets up a connection's TLS, which is nil for a URL without.
func (t TLS) apply(c *tls.Config) error {
	if t == (TLS{}) {
		return nil
	}
	if c == nil {
		return errors.New("a certificate, key, authority or server name is for TLS: write rediss:// instead of redis://")
	}
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return fmt.Errorf("--cacert: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("--cacert: there is no certificate in %s", t.CA)
		}
	}
	if t.Cert == "" && t.Key != "" {
		return errors.New("--key is the key of a certificate: name it by --cert")
	}
	if t.Cert != "" {
		key := t.Key
		if key == "" {
			key = t.Cert
		}
		pair, err := tls.LoadX509KeyPair(t.Cert, key)
		if err != nil {
			return fmt.Errorf("--cert, --key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if t.ServerName != "" {
		c.ServerName = t.ServerName
	}
	return nil
}
