package ninep

import (
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
)

// claimant is a connection that puts a user number into every Tattach that is
// written to it: the library's client names nobody (n_uname ~0), which a server
// must not take for root. It also makes one write of each message, which the
// library writes in pieces.
//
// Reads and writes may run at the same time; writes may not, which the library
// sees to.
type claimant struct {
	net.Conn
	uid atomic.Uint32

	message []byte // the part that was written so far
}

// Of a message: size[4] type[1] tag[2]; a Tattach ends with n_uname[4] (diod's
// protocol.md).
const (
	headSize = 7
	tattach  = 104
)

// Write implements net.Conn.
func (c *claimant) Write(p []byte) (int, error) {
	c.message = append(c.message, p...)
	for len(c.message) >= headSize {
		size := int(binary.LittleEndian.Uint32(c.message))
		if size > len(c.message) {
			break
		}
		whole := c.message[:size]
		if whole[4] == tattach {
			binary.LittleEndian.PutUint32(whole[size-4:], c.uid.Load())
		}
		if _, err := c.Conn.Write(whole); err != nil {
			return 0, err
		}
		c.message = append(c.message[:0], c.message[size:]...)
	}
	return len(p), nil
}

// ignoreClosed drops the error of closing twice.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
