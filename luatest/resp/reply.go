// Package resp has the replies of a Redis server, exact to the kind, and a plain connection to one. A client library
// hides the difference between a status and a string; a proof that engines answer the same may not.
package resp

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is the first byte of a reply in RESP2; a null has one of its own.
type Kind byte

// The kinds of replies.
const (
	KindStatus  Kind = '+'
	KindError   Kind = '-'
	KindInteger Kind = ':'
	KindString  Kind = '$'
	KindArray   Kind = '*'
	KindNull    Kind = '_'
)

// Reply is one reply. Its zero value is none.
type Reply struct {
	Kind    Kind
	Text    string  // of a status, an error (its code and message, without the dash) or a string
	Integer int64   // of an integer
	Items   []Reply // of an array
}

// Status is a simple string, such as OK.
func Status(text string) Reply { return Reply{Kind: KindStatus, Text: text} }

// Error is an error reply; its text starts with the code.
func Error(text string) Reply { return Reply{Kind: KindError, Text: text} }

// Integer is an integer reply.
func Integer(n int64) Reply { return Reply{Kind: KindInteger, Integer: n} }

// String is a bulk string, of any bytes.
func String(text string) Reply { return Reply{Kind: KindString, Text: text} }

// Array is an array of replies.
func Array(items ...Reply) Reply { return Reply{Kind: KindArray, Items: items} }

// Null is the reply that says that there is none: a null string or array.
func Null() Reply { return Reply{Kind: KindNull} }

// Err is the reply as a Go error, or nil when it is not an error. An array is not searched for errors.
func (r Reply) Err() error {
	if r.Kind != KindError {
		return nil
	}
	return ReplyError(r.Text)
}

// Code is the first word of an error reply, and empty for any other.
func (r Reply) Code() string {
	if r.Kind != KindError {
		return ""
	}
	code, _, _ := strings.Cut(r.Text, " ")
	return code
}

// Equal says whether both replies are the same bytes on the wire.
func (r Reply) Equal(other Reply) bool {
	if r.Kind != other.Kind || r.Text != other.Text || r.Integer != other.Integer || len(r.Items) != len(other.Items) {
		return false
	}
	for i := range r.Items {
		if !r.Items[i].Equal(other.Items[i]) {
			return false
		}
	}
	return true
}

// String prints the reply for people: strings quoted, statuses and errors after their sign.
func (r Reply) String() string {
	switch r.Kind {
	case KindStatus:
		return "+" + r.Text
	case KindError:
		return "-" + r.Text
	case KindInteger:
		return strconv.FormatInt(r.Integer, 10)
	case KindString:
		return strconv.Quote(r.Text)
	case KindNull:
		return "null"
	case KindArray:
		items := make([]string, len(r.Items))
		for i, item := range r.Items {
			items[i] = item.String()
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return fmt.Sprintf("no reply (kind %d)", r.Kind)
}

// ReplyError is an error that the server answered; its text starts with the code.
type ReplyError string

// Error is the text of the reply.
func (e ReplyError) Error() string { return string(e) }
