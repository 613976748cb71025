package model

import (
	"encoding/binary"
	"strconv"

	"github.com/zferentz/go-redilock/luatest/explore"
)

// decode sets the world to an encoded state.
func (w *instance) decode(b []byte) {
	w.keyspace.Now, w.keyspace.Micros = w.config.epoch(), epochMicro
	w.memory, b = b[0] != 0, b[1:]
	for lock := range w.config.Locks {
		w.damaged[lock], b = b[0] != 0, b[1:]
		for role := range roles {
			e := w.entry(lock, role)
			e.Clear()
			code := b[0]
			b = b[1:]
			switch code {
			case codeWrong:
				e.Kind = explore.KindList
			case codeOurs:
				e.Text = w.config.tokenName(int(b[0]))
				b = w.decodeLock(e, b[1:])
			case codeForeign:
				e.Text = foreignName
				b = w.decodeLock(e, b)
			case codeCounter:
				w.setCounter(lock, w.config.counter())
			case codeRestored:
				w.setCounter(lock, w.config.counter()-restoredGap)
			case codeFull:
				w.setCounter(lock, fenceLimit)
			case codeQueue:
				b = w.decodeQueue(e, b)
			case codeWaiters:
				b = w.decodeWaiters(e, b)
			}
		}
	}
}

func (w *instance) decodeLock(e *explore.Entry, b []byte) []byte {
	e.Kind = explore.KindString
	left, n := binary.Varint(b)
	if left >= 0 {
		e.Expires = w.keyspace.Now + left
	}
	return b[n:]
}

func (w *instance) decodeQueue(e *explore.Entry, b []byte) []byte {
	e.Kind, e.Expires = explore.KindZset, w.keyspace.Now+w.config.queueKept()
	n := int(b[0])
	for i, token := range b[1 : 1+n] {
		e.Members = append(e.Members, explore.Member{Name: w.config.tokenName(int(token)), Score: int64(i + 1)})
	}
	return b[1+n:]
}

func (w *instance) decodeWaiters(e *explore.Entry, b []byte) []byte {
	e.Kind, e.Expires = explore.KindHash, w.keyspace.Now+w.config.queueKept()
	n := int(b[0])
	b = b[1:]
	for range n {
		channel := ""
		if int8(b[5]) >= 0 {
			channel = channelName(int(b[5]))
		}
		record := strconv.FormatInt(w.presenceEnd(int8(b[1])), 10) + " " + strconv.Itoa(int(b[2])) + " " +
			strconv.Itoa(int(b[3])) + " " + wakeNames[b[4]] + " " + channel
		e.Fields = append(e.Fields, explore.Field{Name: w.config.tokenName(int(b[0])), Value: record})
		b = b[len(storedRecord{}):]
	}
	return b
}
