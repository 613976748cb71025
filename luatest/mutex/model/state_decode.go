package model

import (
	"encoding/binary"
	"strconv"
)

// decode sets the world to an encoded state.
func (w *world) decode(b []byte) {
	w.store.now, w.store.micros = w.config.epoch(), epochMicro
	w.memory, b = b[0] != 0, b[1:]
	for lock := range w.config.Locks {
		w.damaged[lock], b = b[0] != 0, b[1:]
		for role := range roles {
			e := w.entry(lock, role)
			e.clear()
			code := b[0]
			b = b[1:]
			switch code {
			case codeWrong:
				e.kind = kindList
			case codeOurs:
				e.text = w.config.tokenName(int(b[0]))
				b = w.decodeLock(e, b[1:])
			case codeForeign:
				e.text = foreignName
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

func (w *world) decodeLock(e *entry, b []byte) []byte {
	e.kind = kindString
	left, n := binary.Varint(b)
	if left >= 0 {
		e.expires = w.store.now + left
	}
	return b[n:]
}

func (w *world) decodeQueue(e *entry, b []byte) []byte {
	e.kind, e.expires = kindZset, w.store.now+w.config.queueKept()
	n := int(b[0])
	for i, token := range b[1 : 1+n] {
		e.members = append(e.members, member{w.config.tokenName(int(token)), int64(i + 1)})
	}
	return b[1+n:]
}

func (w *world) decodeWaiters(e *entry, b []byte) []byte {
	e.kind, e.expires = kindHash, w.store.now+w.config.queueKept()
	n := int(b[0])
	b = b[1:]
	for range n {
		channel := ""
		if int8(b[5]) >= 0 {
			channel = channelName(int(b[5]))
		}
		record := strconv.FormatInt(w.presenceEnd(int8(b[1])), 10) + " " + strconv.Itoa(int(b[2])) + " " +
			strconv.Itoa(int(b[3])) + " " + wakeNames[b[4]] + " " + channel
		e.fields = append(e.fields, field{w.config.tokenName(int(b[0])), record})
		b = b[len(storedRecord{}):]
	}
	return b
}
