//go:build linux

package vhosttest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// Numbers of messages (QEMU's docs/interop/vhost-user.rst).
const (
	GetFeatures         = 1
	SetFeatures         = 2
	SetOwner            = 3
	ResetOwner          = 4
	SetMemTable         = 5
	SetVringNum         = 8
	SetVringAddr        = 9
	SetVringBase        = 10
	GetVringBase        = 11
	SetVringKick        = 12
	SetVringCall        = 13
	SetVringErr         = 14
	GetProtocolFeatures = 15
	SetProtocolFeatures = 16
	GetQueueNum         = 17
	SetVringEnable      = 18
	SetBackendReqFD     = 21
	GetConfig           = 24
	SetConfig           = 25
	GetMaxMemSlots      = 36
	AddMemReg           = 37
	RemMemReg           = 38
	SetStatus           = 39
	GetStatus           = 40
)

// Flags of messages.
const (
	Version   = 1
	Reply     = 1 << 2
	NeedReply = 1 << 3
)

const headerSize = 12

// ErrRefused means that a message was answered with a number other than 0.
var ErrRefused = errors.New("vhosttest: refused")

var native = binary.NativeEndian

// Message is one message.
type Message struct {
	Request, Flags uint32
	Payload        []byte
}

// Send sends a message without checks, with descriptors. The caller still owns these.
func (f *Front) Send(request, flags uint32, payload []byte, fds ...int) error {
	out := native.AppendUint32(nil, request)
	out = native.AppendUint32(out, flags)
	out = native.AppendUint32(out, uint32(len(payload)))
	return f.SendRaw(append(out, payload...), fds...)
}

// SendRaw sends bytes, with descriptors.
func (f *Front) SendRaw(p []byte, fds ...int) error {
	var control []byte
	if len(fds) > 0 {
		control = unix.UnixRights(fds...)
	}
	if _, _, err := f.conn.WriteMsgUnix(p, control, nil); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// Receive waits for the next reply. The error is io.EOF at the end of the connection.
func (f *Front) Receive() (Message, error) {
	if err := f.conn.SetReadDeadline(time.Now().Add(Patience)); err != nil {
		return Message{}, err
	}
	head := make([]byte, headerSize)
	if _, err := io.ReadFull(f.conn, head); err != nil {
		return Message{}, err
	}
	m := Message{native.Uint32(head), native.Uint32(head[4:]), make([]byte, native.Uint32(head[8:]))}
	_, err := io.ReadFull(f.conn, m.Payload)
	return m, err
}

// Ask sends a message that always has a reply, and returns the reply's payload.
func (f *Front) Ask(request uint32, payload []byte) ([]byte, error) {
	if err := f.Send(request, Version, payload); err != nil {
		return nil, err
	}
	return f.receive(request)
}

func (f *Front) receive(request uint32) ([]byte, error) {
	m, err := f.Receive()
	if err != nil {
		return nil, fmt.Errorf("message %d: %w", request, err)
	}
	if m.Request != request || m.Flags != Version|Reply {
		return nil, fmt.Errorf("message %d: answered with %d, flags %#x", request, m.Request, m.Flags)
	}
	return m.Payload, nil
}

// Order sends a message with NEED_REPLY and waits for the reply. The error is ErrRefused if
// the message was not obeyed.
func (f *Front) Order(request uint32, payload []byte, fds ...int) error {
	if err := f.Send(request, Version|NeedReply, payload, fds...); err != nil {
		return err
	}
	answer, err := f.receive(request)
	switch {
	case err != nil:
		return err
	case len(answer) != 8:
		return fmt.Errorf("message %d: answer of %d bytes", request, len(answer))
	case native.Uint64(answer) != 0:
		return fmt.Errorf("message %d: %w", request, ErrRefused)
	}
	return nil
}

// Sync returns when all messages that were sent before are done.
func (f *Front) Sync() error {
	_, err := f.Ask(GetFeatures, nil)
	return err
}

// U64 returns a payload of 64-bit numbers.
func U64(numbers ...uint64) []byte {
	var p []byte
	for _, n := range numbers {
		p = native.AppendUint64(p, n)
	}
	return p
}

// U32 returns a payload of 32-bit numbers.
func U32(numbers ...uint32) []byte {
	var p []byte
	for _, n := range numbers {
		p = native.AppendUint32(p, n)
	}
	return p
}

// Region returns the payload of ADD_MEM_REG or REM_MEM_REG for a region of guest memory.
func Region(guest, size, user, offset uint64) []byte { return U64(0, guest, size, user, offset) }

// Table returns the payload of SET_MEM_TABLE. Each region is a guest address, a size, an
// address of the front-end and an offset in the region's file.
func Table(regions ...[4]uint64) []byte {
	p := U32(uint32(len(regions)), 0)
	for _, r := range regions {
		p = append(p, U64(r[:]...)...)
	}
	return p
}
