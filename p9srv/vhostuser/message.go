//go:build linux

package vhostuser

import (
	"encoding/binary"
	"fmt"
)

// request is the number of a message from the front-end (vhost-user.rst, "Front-end message
// types").
type request uint32

const (
	getFeatures         request = 1
	setFeatures         request = 2
	setOwner            request = 3
	resetOwner          request = 4
	setMemTable         request = 5
	setVringNum         request = 8
	setVringAddr        request = 9
	setVringBase        request = 10
	getVringBase        request = 11
	setVringKick        request = 12
	setVringCall        request = 13
	setVringErr         request = 14
	getProtocolFeatures request = 15
	setProtocolFeatures request = 16
	getQueueNum         request = 17
	setVringEnable      request = 18
	setBackendReqFD     request = 21
	getConfig           request = 24
	setConfig           request = 25
	getMaxMemSlots      request = 36
	addMemReg           request = 37
	remMemReg           request = 38
	setStatus           request = 39
	getStatus           request = 40
)

// String returns the name in the specification, or the number.
func (r request) String() string {
	if name, ok := names[r]; ok {
		return name
	}
	return fmt.Sprintf("message %d", uint32(r))
}

// Flags of a message (vhost-user.rst, "Header").
const (
	protocolVersion uint32 = 1
	versionMask     uint32 = 3
	flagReply       uint32 = 1 << 2
	flagNeedReply   uint32 = 1 << 3
)

// Sizes in bytes.
const (
	headerSize = 12

	// maxPayload is the largest payload after a header. QEMU's own limit is far lower: it
	// is the size of its largest payload type.
	maxPayload = 4096

	// maxFDs is the most descriptors of a message: one for each region of a memory table.
	maxFDs = maxRegions
)

// native is the byte order of messages: that of the host.
var native = binary.NativeEndian

// message is one message from the front-end.
type message struct {
	request request
	flags   uint32
	payload []byte // valid until the next message is read
	fds     []int  // owned by the message, except entries that are kept
	lost    bool   // some descriptors are missing, and it is not known which
}

// u64 returns the payload as one number.
func (m *message) u64() (uint64, error) {
	if err := m.atLeast(8); err != nil {
		return 0, err
	}
	return native.Uint64(m.payload), nil
}

// vringState returns the payload as the index of a ring and a number for that ring.
func (m *message) vringState() (index, num uint32, err error) {
	if err := m.atLeast(8); err != nil {
		return 0, 0, err
	}
	return native.Uint32(m.payload), native.Uint32(m.payload[4:]), nil
}

// atLeast returns an error for a payload that is shorter than size. A longer one is allowed:
// virtio_uml sends its memory table with space for more regions than it counts.
func (m *message) atLeast(size int) error {
	if len(m.payload) < size {
		return fmt.Errorf("payload of %d bytes, want %d", len(m.payload), size)
	}
	return nil
}

// oneFD returns the only descriptor of the message. The message still owns it.
func (m *message) oneFD() (int, error) {
	if len(m.fds) != 1 {
		return -1, fmt.Errorf("%d descriptors, want 1", len(m.fds))
	}
	return m.fds[0], nil
}

// keepFD gives the only descriptor of the message to the caller.
func (m *message) keepFD() { m.fds[0] = kept }

// kept is in the place of a descriptor that the message no longer owns.
const kept = -1

// reply returns the reply to m: header and payload.
func (m *message) reply(payload []byte) []byte {
	out := make([]byte, 0, headerSize+len(payload))
	out = native.AppendUint32(out, uint32(m.request))
	out = native.AppendUint32(out, protocolVersion|flagReply)
	out = native.AppendUint32(out, uint32(len(payload)))
	return append(out, payload...)
}

// appendU64 returns a payload of one number.
func appendU64(v uint64) []byte { return native.AppendUint64(nil, v) }
