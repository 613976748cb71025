package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// tokenSource says where the token of a lock comes from: never the command line, which everybody on the machine can
// read.
type tokenSource struct {
	TokenFile string `placeholder:"FILE" help:"Where the token is; - is standard input. Default: $$REDILOCK_TOKEN."`
}

// tokenEnv is where run --pass-token puts the token, and where extend and release look for it.
const tokenEnv = "REDILOCK_TOKEN"

// maxTokenFile bounds what is read where a token should be, in bytes.
const maxTokenFile = 4096

// token reads the token. It is never part of an error.
func (s *tokenSource) token() (string, error) {
	var text []byte
	var err error
	from := s.TokenFile
	switch {
	case from == "-":
		from = "standard input"
		text, err = io.ReadAll(io.LimitReader(os.Stdin, maxTokenFile))
	case from != "":
		text, err = readSome(from)
	case os.Getenv(tokenEnv) != "":
		from, text = "$"+tokenEnv, []byte(os.Getenv(tokenEnv))
	default:
		return "", usage("which token? Name the file that acquire wrote by --token-file, write --token-file - to read it "+
			"from standard input, or set %s", tokenEnv)
	}
	if err != nil {
		return "", usage("--token-file: %w", err)
	}
	token := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return "", usage("%s does not hold a token: one line, as acquire prints it", from)
	}
	return token, nil
}

func readSome(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxTokenFile))
}

// tokenFile is a file for a token that is not there yet. Only its owner may read it.
type tokenFile struct {
	name string
	temp *os.File
}

// newTokenFile finds out, before there is a lock, whether its token can be written. The file itself appears at once and
// whole, with save.
func newTokenFile(name string) (*tokenFile, error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".redilock-*") // 0600
	if err != nil {
		return nil, err
	}
	return &tokenFile{name, temp}, nil
}

func (f *tokenFile) save(token string) error {
	_, err := fmt.Fprintln(f.temp, token)
	err = errors.Join(err, f.temp.Sync(), f.temp.Close())
	if err == nil {
		err = os.Rename(f.temp.Name(), f.name)
	}
	return err
}

// discard removes what is left of a file that was not saved.
func (f *tokenFile) discard() {
	_ = f.temp.Close()
	_ = os.Remove(f.temp.Name())
}
