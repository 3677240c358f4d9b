//go:build linux

package vhostuser

import (
	"errors"
	"fmt"
)

func (c *Conn) setFeaturesLocked(m *message) error {
	features, err := m.u64()
	if err != nil {
		return err
	}
	if other := features &^ c.device.offered(); other != 0 {
		return fmt.Errorf("features %#x were not offered", other)
	}
	if features&featureVersion1 == 0 {
		return errors.New("the driver must accept VIRTIO_F_VERSION_1")
	}
	if features != c.state.Features {
		c.stopLocked(false)
	}
	c.state.Features = features
	c.queue.indirectTables = features&featureIndirectDesc != 0
	c.queue.eventIdx = features&featureEventIdx != 0
	c.refused = nil // each start of a machine or driver begins with this message
	return nil
}

func (c *Conn) setProtocolFeaturesLocked(m *message) error {
	features, err := m.u64()
	if err != nil {
		return err
	}
	if other := features &^ offeredByProtocol; other != 0 {
		return fmt.Errorf("protocol features %#x were not offered", other)
	}
	c.state.ProtocolFeatures = features
	return nil
}

// setStatusLocked stores the status, which the front-end asks for later. Status 0 resets the
// device.
func (c *Conn) setStatusLocked(m *message) error {
	status, err := m.u64()
	if err != nil {
		return err
	}
	if status > 0xff {
		return fmt.Errorf("status %#x is larger than one byte", status)
	}
	if status == 0 {
		c.resetLocked()
	}
	c.state.Status = uint8(status)
	return nil
}

// resetLocked resets the device. Guest memory stays mapped.
func (c *Conn) resetLocked() {
	c.stopLocked(false)
	c.endSessionLocked()
	c.queue.Enabled = false
	c.state.Status = 0
	c.refused = nil
}

// setBackendReqFDLocked keeps the socket for messages to the front-end. This package sends
// none, but virtio_uml needs the socket to stay open.
func (c *Conn) setBackendReqFDLocked(m *message) error {
	fd, err := m.oneFD()
	if err != nil {
		return err
	}
	fresh, err := newSocketNotifier(fd, c.wire.conn)
	if err != nil {
		return err
	}
	m.keepFD()
	c.backend.close()
	c.backend = fresh
	return nil
}

// configHead is the size of what precedes the bytes in GET_CONFIG: offset, size and flags, 4
// bytes each.
const configHead = 12

// getConfigLocked answers at any offset and size. A front-end may ask for more bytes than
// there are. Without an answer QEMU and cloud-hypervisor end the machine.
func (c *Conn) getConfigLocked(m *message) ([]byte, error) {
	if err := m.atLeast(configHead); err != nil {
		return nil, err
	}
	offset, size := native.Uint32(m.payload), native.Uint32(m.payload[4:])
	if size > maxPayload-configHead {
		return nil, fmt.Errorf("%d bytes of configuration do not fit a message", size)
	}
	head := append([]byte(nil), m.payload[:configHead]...)
	return append(head, c.device.config(offset, size)...), nil
}
