package proxy

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// frame reads one request or reply of RESP2 or RESP3: its bytes as they are, and the strings in it.
func frame(r *bufio.Reader) (raw []byte, words []string, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, nil, err
	}
	raw = []byte(line)
	kind, rest := line[0], strings.TrimSuffix(line[1:], "\r\n")
	switch kind {
	case '+', '-', ':', '_', ',', '#', '(':
		return raw, []string{rest}, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return nil, nil, fmt.Errorf("proxy: malformed line %q", line)
	}
	switch kind {
	case '$', '=', '!':
		if n < 0 {
			return raw, nil, nil
		}
		body := make([]byte, n+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return nil, nil, err
		}
		return append(raw, body...), []string{string(body[:n])}, nil
	case '%', '|':
		n *= 2
	case '*', '~', '>':
	default:
		return nil, nil, fmt.Errorf("proxy: malformed line %q", line)
	}
	for range n {
		part, w, err := frame(r)
		if err != nil {
			return nil, nil, err
		}
		raw, words = append(raw, part...), append(words, w...)
	}
	return raw, words, nil
}
