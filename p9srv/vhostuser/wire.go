//go:build linux

package vhostuser

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// wire reads and writes the messages of a connection. Its errors mean that the
// next message cannot be found: the connection is of no more use.
//
// It is used by the connection's goroutine only.
type wire struct {
	conn    *net.UnixConn
	header  [headerSize]byte
	payload [maxPayload]byte
	control []byte // for the descriptors of a message
}

func newWire(c *net.UnixConn) *wire {
	return &wire{conn: c, control: make([]byte, unix.CmsgSpace(maxFDs*4))}
}

// read waits for the next message. At the end of the connection it returns
// io.EOF. The caller closes the message's descriptors.
func (w *wire) read() (*message, error) {
	m := new(message)
	if err := w.readInto(m); err != nil {
		m.closeFDs()
		return nil, err
	}
	return m, nil
}

func (w *wire) readInto(m *message) error {
	if err := w.readHeader(m); err != nil {
		return err
	}
	m.request = request(native.Uint32(w.header[:]))
	m.flags = native.Uint32(w.header[4:])
	size := native.Uint32(w.header[8:])
	if m.flags&versionMask != protocolVersion {
		return fmt.Errorf("%v: version %d, want %d", m.request, m.flags&versionMask, protocolVersion)
	}
	if size > maxPayload {
		return fmt.Errorf("%v: payload of %d bytes, at most %d are allowed", m.request, size, maxPayload)
	}
	m.payload = w.payload[:size]
	if _, err := io.ReadFull(w.conn, m.payload); err != nil {
		return fmt.Errorf("%v: read the payload: %w", m.request, notAnEnd(err))
	}
	return nil
}

// readHeader reads the header and the descriptors, which come with its first
// byte. Those that came with any other byte the kernel drops.
func (w *wire) readHeader(m *message) error {
	n, err := w.readWithFDs(m)
	if err != nil {
		return err
	}
	if n == 0 {
		return io.EOF
	}
	if _, err := io.ReadFull(w.conn, w.header[n:]); err != nil {
		return fmt.Errorf("read a header: %w", notAnEnd(err))
	}
	return nil
}

// readWithFDs reads the beginning of a header. Where control data did not fit, or
// this process has no room for descriptors, the message has lost some.
func (w *wire) readWithFDs(m *message) (int, error) {
	n, controlSize, flags, _, err := w.conn.ReadMsgUnix(w.header[:], w.control)
	if err != nil {
		return 0, fmt.Errorf("read a header: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(w.control[:controlSize])
	if err != nil {
		return 0, fmt.Errorf("read descriptors: %w", err)
	}
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue // carries no descriptors
		}
		m.fds = append(m.fds, fds...)
	}
	if flags&unix.MSG_CTRUNC != 0 {
		m.lost = true
	}
	return n, nil
}

// write sends a reply.
func (w *wire) write(p []byte) error {
	if _, err := w.conn.Write(p); err != nil {
		return fmt.Errorf("send a reply: %w", err)
	}
	return nil
}

// notAnEnd makes an end within a message what it is, an error.
func notAnEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// closedByPeer says that an error is one of those that come when the peer has
// gone.
func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
