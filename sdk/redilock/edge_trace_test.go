package redilock_test

import (
	"reflect"

	"github.com/zferentz/go-redilock/sdk/redilock"
)

// traced gives a trace with one function set; "all" sets every one of them. By reflection, so that what a function is told
// besides its event does not matter here.
func traced(event string, do func(redilock.Event)) redilock.Trace {
	var t redilock.Trace
	v := reflect.ValueOf(&t).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; name != event && event != "all" {
			continue
		}
		v.Field(i).Set(reflect.MakeFunc(v.Field(i).Type(), func(args []reflect.Value) []reflect.Value {
			do(args[len(args)-1].Interface().(redilock.Event))
			return args[:v.Field(i).Type().NumOut()] // Started and Holding give a context back
		}))
	}
	return t
}
