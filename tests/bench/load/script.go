package load

import (
	"syscall"

	"fullex/device"
	"fullex/p9srv/wire"
)

// Script is the requests that a connection sends, over and over. Requests follow each
// other without waiting for replies, so a server must answer in order.
type Script struct {
	steps []step
	// valued says that the replies carry values, to be checked.
	valued bool
}

// step appends one request.
type step struct {
	typ    wire.Type
	append func(b []byte, tag uint16, fid uint32, push uint32) []byte
}

// Values writes and reads a value in turn, on a fid that is open.
var Values = Script{valued: true, steps: []step{
	{wire.Twrite, func(b []byte, tag uint16, fid, push uint32) []byte { return appendPush(b, tag, fid, push) }},
	{wire.Tread, func(b []byte, tag uint16, fid, _ uint32) []byte {
		return wire.AppendRead(b, tag, fid, 0, device.ValueSize)
	}},
}}

// Opens walks from fid 0 to /each/full_ex, opens it, and closes it.
var Opens = Script{steps: []step{
	{wire.Twalk, func(b []byte, tag uint16, fid, _ uint32) []byte {
		return wire.AppendWalk(b, tag, 0, fid, "each", "full_ex")
	}},
	{wire.Tlopen, func(b []byte, tag uint16, fid, _ uint32) []byte {
		return wire.AppendOpen(b, tag, fid, syscall.O_RDWR)
	}},
	{wire.Tclunk, func(b []byte, tag uint16, fid, _ uint32) []byte {
		return wire.AppendFID(b, wire.Tclunk, tag, fid)
	}},
}}

// Requests returns how many requests the script has.
func (s Script) Requests() int { return len(s.steps) }
