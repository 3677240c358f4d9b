//go:build linux

package vhostuser

import (
	"errors"
	"log/slog"
	"math/bits"
	"net"
	"time"

	"fullex/p9srv/endpoint/rights"
)

// Feature bits that every device has (virtio 1.2 section 6, vhost-user.rst
// "VHOST_USER_F_PROTOCOL_FEATURES").
const (
	featureIndirectDesc     uint64 = 1 << 28
	featureEventIdx         uint64 = 1 << 29
	featureProtocolFeatures uint64 = 1 << 30
	featureVersion1         uint64 = 1 << 32

	commonFeatures = featureIndirectDesc | featureEventIdx | featureProtocolFeatures | featureVersion1

	// deviceFeatures are the bits whose meaning depends on the kind of device (virtio 1.2
	// section 2.2). Such bits above 50 are not in use.
	deviceFeatures uint64 = 1<<24 - 1
)

// Protocol features (vhost-user.rst, "Protocol features"). QEMU's vhost-user-device needs
// CONFIG. virtio_uml needs BACKEND_REQ: its descriptor is kept open, and not used.
const (
	protocolMQ        uint64 = 1 << 0
	protocolReplyAck  uint64 = 1 << 3
	protocolBackend   uint64 = 1 << 5
	protocolConfig    uint64 = 1 << 9
	protocolMemSlots  uint64 = 1 << 15
	protocolStatus    uint64 = 1 << 16
	offeredByProtocol        = protocolMQ | protocolReplyAck | protocolBackend | protocolConfig | protocolMemSlots | protocolStatus
)

// DefaultQueueSize is the most entries of a ring if Device.MaxQueueSize is 0. The defaults
// of all known front-ends are smaller.
const DefaultQueueSize = 1024

// maxQueueSize is the most entries of any ring (virtio 1.2 section 2.7).
const maxQueueSize = 32768

// Device describes a device. It can serve any number of connections at the same time, and
// must not be changed after a call of NewConn.
type Device struct {
	// Features are the feature bits of the kind of device, bits 0 to 23. Other bits are
	// ignored. For a 9P device it is VIRTIO_9P_MOUNT_TAG, bit 0 (Linux's
	// include/uapi/linux/virtio_9p.h).
	Features uint64

	// Config is the device's configuration space, in virtio's byte order, little-endian.
	// Bytes after its end are read as 0. The driver cannot write it.
	Config []byte

	// MaxQueueSize is the most entries that a front-end may give the ring;
	// 0: DefaultQueueSize. It is rounded down to a power of two.
	MaxQueueSize int

	// Budget limits the connections of this device together with those of other devices;
	// nil: the budget of the process, one half of its mappings, address space and
	// descriptors.
	Budget *Budget

	// Timeouts end connections of front-ends that are too slow.
	Timeouts Timeouts

	// Log receives errors: at most a line for each time that a front-end or a driver begins
	// anew. nil: nothing is logged.
	Log *slog.Logger
}

// Timeouts are how long a connection waits for its front-end. A field of 0 is no limit.
// There is no limit between two messages, because a machine that is not started yet sends
// none.
type Timeouts struct {
	First time.Duration // to the end of the first message
	Rest  time.Duration // for the rest of a later message
	Reply time.Duration // for room in the socket for a reply
}

// NewConn serves the device to the front-end at the other end of a connection. The
// connection belongs to the Conn. The caller must call Next until it returns io.EOF, and
// must call Close at the end.
//
// If the budget has too few descriptors left, NewConn closes the connection and returns an
// error that wraps EMFILE. No message has been answered then.
func (d *Device) NewConn(c *net.UnixConn) (*Conn, error) {
	budget := d.Budget
	if budget == nil {
		budget = processBudget()
	}
	if err := budget.takeConn(); err != nil {
		return nil, errors.Join(err, rights.Close(c))
	}
	conn := &Conn{
		device:  d,
		log:     d.Log,
		budget:  budget,
		wire:    newWire(c, budget, d.Timeouts),
		done:    make(chan struct{}),
		changed: make(chan struct{}, 1),
		memory:  memory{budget: budget},
	}
	if conn.log == nil {
		conn.log = slog.New(slog.DiscardHandler)
	}
	conn.queue.memory = &conn.memory
	go conn.serve()
	return conn, nil
}

// offered returns the features that the driver may accept.
func (d *Device) offered() uint64 { return d.Features&deviceFeatures | commonFeatures }

// ringLimit returns the most entries of a ring, a power of two.
func (d *Device) ringLimit() uint32 {
	if d.MaxQueueSize <= 0 {
		return DefaultQueueSize
	}
	return 1 << (bits.Len32(uint32(min(d.MaxQueueSize, maxQueueSize))) - 1)
}

// config returns size bytes of the configuration space.
func (d *Device) config(offset, size uint32) []byte {
	p := make([]byte, size)
	if uint64(offset) < uint64(len(d.Config)) {
		copy(p, d.Config[offset:])
	}
	return p
}
