//go:build linux

package vhostuser

import (
	"errors"
	"fmt"
)

// Bits of the payload of SET_VRING_KICK, CALL and ERR (vhost-user.rst).
const (
	vringIndexMask uint64 = 0xff
	vringNoFD      uint64 = 1 << 8
)

// vringAddrSize is the size of the payload of SET_VRING_ADDR, in bytes: index 4, flags 4,
// and 8 each for descriptor table, used ring, available ring and log.
const vringAddrSize = 40

// oneRing returns an error for a ring other than 0.
func oneRing(index uint32) error {
	if index != 0 {
		return fmt.Errorf("there is no ring %d: QEMU needs num_vqs=1", index)
	}
	return nil
}

// ringNumber returns the number that a message gives for the ring.
func ringNumber(m *message) (uint32, error) {
	index, num, err := m.vringState()
	if err != nil {
		return 0, err
	}
	return num, oneRing(index)
}

func (c *Conn) setVringNumLocked(m *message) error {
	num, err := ringNumber(m)
	if err != nil {
		return err
	}
	limit := c.device.ringLimit()
	if num == 0 || num > limit || num&(num-1) != 0 {
		return fmt.Errorf("a ring of %d entries: must be a power of two, at most %d", num, limit)
	}
	c.stopLocked(false)
	c.queue.Size = uint16(num)
	return nil
}

func (c *Conn) setVringBaseLocked(m *message) error {
	num, err := ringNumber(m)
	if err != nil {
		return err
	}
	if num > 0xffff {
		return fmt.Errorf("base %d is too large for a split ring", num)
	}
	c.stopLocked(false)
	c.queue.Base = uint16(num)
	return nil
}

func (c *Conn) setVringAddrLocked(m *message) error {
	if err := m.atLeast(vringAddrSize); err != nil {
		return err
	}
	if err := oneRing(native.Uint32(m.payload)); err != nil {
		return err
	}
	p := m.payload[8:]
	c.stopLocked(false)
	q := &c.queue
	q.Desc, q.Used, q.Avail = native.Uint64(p), native.Uint64(p[8:]), native.Uint64(p[16:])
	if q.Size == 0 {
		return nil // checked when the ring starts
	}
	_, err := mapRing(q.memory, q.ringAddresses)
	return err
}

// vringFD returns the descriptor that a message has for the ring. ok is false if the message
// says that there is none. The message still owns the descriptor.
func vringFD(m *message) (fd int, ok bool, err error) {
	v, err := m.u64()
	if err != nil {
		return -1, false, err
	}
	if err := oneRing(uint32(v & vringIndexMask)); err != nil {
		return -1, false, err
	}
	if v&vringNoFD != 0 {
		return -1, false, nil
	}
	fd, err = m.oneFD()
	return fd, err == nil, err
}

// setVringKickLocked starts the ring (vhost-user.rst, "Ring states").
func (c *Conn) setVringKickLocked(m *message) error {
	fd, ok, err := vringFD(m)
	if err != nil {
		return err
	}
	if !ok {
		return errors.New("a ring without kicks is not supported")
	}
	kick, err := newKick(fd)
	if err != nil {
		return err
	}
	m.keepFD()
	if err := c.startLocked(); err != nil {
		return errors.Join(err, kick.Close())
	}
	c.closeKickLocked()
	c.kick, c.rearm = kick, true
	return nil
}

// startLocked starts the ring, unless it has started already.
func (c *Conn) startLocked() error {
	if c.refused != nil {
		return c.refused
	}
	if c.state.Features&featureVersion1 == 0 {
		return errors.New("no features were agreed on")
	}
	if c.queue.Started {
		return nil
	}
	anew, err := c.queue.start()
	if err != nil {
		return err
	}
	if anew {
		c.endSessionLocked()
		c.live = true
	}
	return nil
}

// stopLocked stops the ring. told means that the front-end gets the base as a reply. Then the
// session may go on from there.
func (c *Conn) stopLocked(told bool) {
	if !c.queue.Started {
		return
	}
	c.closeKickLocked()
	if err := c.queue.stop(told); err != nil {
		c.breakLocked(err)
	}
}

// getVringBaseLocked stops the ring (vhost-user.rst, "Ring states").
func (c *Conn) getVringBaseLocked(m *message) ([]byte, error) {
	if _, err := ringNumber(m); err != nil {
		return nil, err
	}
	c.stopLocked(true)
	c.refused = nil
	return native.AppendUint32(native.AppendUint32(nil, 0), uint32(c.queue.Base)), nil
}

// setVringNotifierLocked replaces a notifier by a new one, or by none.
func (c *Conn) setVringNotifierLocked(m *message, n *notifier) error {
	fd, ok, err := vringFD(m)
	if err != nil {
		return err
	}
	var fresh notifier
	if ok {
		if fresh, err = newNotifier(fd, c.wire.conn); err != nil {
			return err
		}
		m.keepFD()
	}
	n.close()
	*n = fresh
	return nil
}

func (c *Conn) setVringCallLocked(m *message) error {
	return c.setVringNotifierLocked(m, &c.queue.call)
}

func (c *Conn) setVringErrLocked(m *message) error { return c.setVringNotifierLocked(m, &c.failure) }

func (c *Conn) setVringEnableLocked(m *message) error {
	num, err := ringNumber(m)
	if err != nil {
		return err
	}
	if num > 1 {
		return fmt.Errorf("enable %d: must be 0 or 1", num)
	}
	if num == 1 && c.refused != nil {
		return c.refused
	}
	c.queue.Enabled = num == 1
	return nil
}
