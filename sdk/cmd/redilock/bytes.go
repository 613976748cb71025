package main

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// exactBytes makes kong take the words of a command line and of the environment as the bytes that they are. By itself it
// passes them through JSON, which has U+FFFD for every byte that is not UTF-8.
var exactBytes = kong.KindMapper(reflect.String, kong.MapperFunc(func(ctx *kong.DecodeContext, to reflect.Value) error {
	token, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	word, ok := token.Value.(string)
	if !ok {
		return fmt.Errorf("expected a string, not %v", token.Value)
	}
	to.SetString(word)
	return nil
}))

// base64Of is what a field of JSON has beside a string that JSON cannot hold: its bytes. It is "" for one that it can.
func base64Of(s string) string {
	if utf8.ValidString(s) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(s))
}
