package resp

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Read reads one RESP2 reply. Its errors are of the connection or the protocol; an error reply is a reply.
func Read(r *bufio.Reader) (Reply, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return Reply{}, err
	}
	line, ok := strings.CutSuffix(line, "\r\n")
	if !ok || line == "" {
		return Reply{}, fmt.Errorf("resp: malformed line %q", line)
	}
	kind, rest := Kind(line[0]), line[1:]
	switch kind {
	case KindStatus:
		return Status(rest), nil
	case KindError:
		return Error(rest), nil
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return Reply{}, fmt.Errorf("resp: malformed line %q", line)
	}
	switch {
	case kind == KindInteger:
		return Integer(n), nil
	case (kind == KindString || kind == KindArray) && n < 0:
		return Null(), nil
	case kind == KindString:
		body := make([]byte, n+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return Reply{}, err
		}
		return String(string(body[:n])), nil
	case kind == KindArray:
		items := make([]Reply, n)
		for i := range items {
			if items[i], err = Read(r); err != nil {
				return Reply{}, err
			}
		}
		return Array(items...), nil
	}
	return Reply{}, fmt.Errorf("resp: unknown kind of reply %q", line)
}

// AppendCommand appends a command as a client sends it.
func AppendCommand(b []byte, args ...string) []byte {
	b = append(b, '*')
	b = strconv.AppendInt(b, int64(len(args)), 10)
	b = append(b, "\r\n"...)
	for _, arg := range args {
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(len(arg)), 10)
		b = append(b, "\r\n"...)
		b = append(b, arg...)
		b = append(b, "\r\n"...)
	}
	return b
}
