//go:build linux

package vhostuser

import (
	"encoding/binary"
	"fmt"
)

// request is the number of a message of the front-end (vhost-user.rst,
// "Front-end message types").
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

	// maxPayload is the most that follows a header. QEMU's own limit is the
	// largest of its payload types, which is far below.
	maxPayload = 4096

	// maxFDs come with a message: one for each region of a memory table.
	maxFDs = maxRegions
)

// native is the byte order of messages, that of the host.
var native = binary.NativeEndian

// message is one message of the front-end.
type message struct {
	request request
	flags   uint32
	payload []byte // valid until the next is read
	fds     []int  // owned by the message; or kept
	lost    bool   // some fds did not arrive, and which is not known
}

// u64 returns the payload as one number.
func (m *message) u64() (uint64, error) {
	if err := m.atLeast(8); err != nil {
		return 0, err
	}
	return native.Uint64(m.payload), nil
}

// vringState returns the ring's index and a number for it.
func (m *message) vringState() (index, num uint32, err error) {
	if err := m.atLeast(8); err != nil {
		return 0, 0, err
	}
	return native.Uint32(m.payload), native.Uint32(m.payload[4:]), nil
}

// atLeast refuses a payload that is shorter. Longer ones are taken: virtio_uml
// sends its memory table with room for more than it counts.
func (m *message) atLeast(size int) error {
	if len(m.payload) < size {
		return fmt.Errorf("payload of %d bytes, want %d", len(m.payload), size)
	}
	return nil
}

// oneFD returns the one descriptor of the message, which stays the message's.
func (m *message) oneFD() (int, error) {
	if len(m.fds) != 1 {
		return -1, fmt.Errorf("%d descriptors, want 1", len(m.fds))
	}
	return m.fds[0], nil
}

// keepFD makes the one descriptor of the message the caller's.
func (m *message) keepFD() { m.fds[0] = kept }

// kept stands for a descriptor that is no longer the message's.
const kept = -1

// reply returns the answer to m, header and payload.
func (m *message) reply(payload []byte) []byte {
	out := make([]byte, 0, headerSize+len(payload))
	out = native.AppendUint32(out, uint32(m.request))
	out = native.AppendUint32(out, protocolVersion|flagReply)
	out = native.AppendUint32(out, uint32(len(payload)))
	return append(out, payload...)
}

// appendU64 returns a payload of one number.
func appendU64(v uint64) []byte { return native.AppendUint64(nil, v) }
