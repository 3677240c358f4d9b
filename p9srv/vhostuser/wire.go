//go:build linux

package vhostuser

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"fullex/p9srv/deadline"
	"fullex/p9srv/endpoint/rights"
)

// wire reads and writes the messages of a connection. After an error the connection must be
// closed, because the next message cannot be found.
//
// Only the connection's goroutine uses it.
type wire struct {
	conn     *net.UnixConn
	budget   *Budget
	timeouts Timeouts
	spoken   bool          // a message has come
	allowed  time.Duration // how long the current read may take
	deadline time.Time     // when the current read must have ended
	header   [headerSize]byte
	payload  [maxPayload]byte
	control  []byte // for the descriptors of a message
}

func newWire(c *net.UnixConn, b *Budget, t Timeouts) *wire {
	return &wire{conn: c, budget: b, timeouts: t, control: make([]byte, unix.CmsgSpace(mostFDs*4))}
}

// read waits for the next message. The error is io.EOF at the end of the connection. The
// caller must call discard with the message, also after an error.
func (w *wire) read() (*message, error) {
	m := new(message)
	return m, w.readInTime(m)
}

// discard closes the descriptors of a message, except those that were kept. A kept
// descriptor counts among keptFDs, so its share of the budget is returned.
func (w *wire) discard(m *message) {
	for _, fd := range m.fds {
		if fd == kept {
			w.budget.returnDescriptors(1)
		}
	}
	w.drop(slices.DeleteFunc(m.fds, func(fd int) bool { return fd == kept }))
	m.fds = nil
}

// drop closes descriptors. It returns each to the budget when it is closed.
func (w *wire) drop(fds []int) {
	for _, fd := range fds {
		rights.Discard(fd, func() { w.budget.returnDescriptors(1) })
	}
}

// readInTime reads a message. The first message must arrive whole within Timeouts.First. A
// later one may begin at any time, and must then arrive within Timeouts.Rest.
func (w *wire) readInTime(m *message) error {
	if !w.spoken {
		if err := w.readWithin(w.timeouts.First); err != nil {
			return err
		}
	}
	err := w.readInto(m)
	switch {
	case err == nil:
		w.spoken = true
		return w.readWithin(0)
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case w.spoken:
		return fmt.Errorf("the rest of a message did not come within %v: %w", w.timeouts.Rest, err)
	}
	return fmt.Errorf("no message came within %v: %w", w.timeouts.First, err)
}

// readWithin sets how long reads wait for the front-end; 0: for ever.
func (w *wire) readWithin(d time.Duration) error {
	w.allowed, w.deadline = d, after(d)
	if err := w.conn.SetReadDeadline(w.deadline); err != nil {
		return fmt.Errorf("set a deadline: %w", err)
	}
	return nil
}

// after returns the time when a timeout ends; the zero time, which is never, for 0.
func after(d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
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
	if _, err := io.ReadFull(rest{w, m}, m.payload); err != nil {
		return fmt.Errorf("%v: read the payload: %w", m.request, notAnEnd(err))
	}
	return nil
}

// readHeader reads a header, and the descriptors, which come with its first byte.
func (w *wire) readHeader(m *message) error {
	n, err := w.readWithFDs(m, w.header[:])
	if err != nil {
		return fmt.Errorf("read a header: %w", err)
	}
	if n == 0 {
		return io.EOF
	}
	if w.spoken {
		if err := w.readWithin(w.timeouts.Rest); err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(rest{w, m}, w.header[n:]); err != nil {
		return fmt.Errorf("read a header: %w", notAnEnd(err))
	}
	return nil
}

// readWithFDs waits for bytes of a message. It reads them and their descriptors.
func (w *wire) readWithFDs(m *message, p []byte) (n int, err error) {
	raw, err := w.conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var readErr error
	try := func(fd uintptr) bool {
		readErr = unix.EINTR
		for errors.Is(readErr, unix.EINTR) {
			n, readErr = w.receive(int(fd), m, p)
		}
		return !errors.Is(readErr, unix.EAGAIN) // false: wait for more
	}
	err = raw.Read(try)
	if deadline.PassedUnseen(err, w.deadline) {
		if err = w.readWithin(w.allowed); err == nil {
			err = raw.Read(try)
		}
	}
	return n, cmp.Or(err, readErr)
}

// receive reads the bytes that have arrived, and their descriptors. A message loses
// descriptors if more arrive than a message may have, or than the budget has left.
func (w *wire) receive(fd int, m *message, p []byte) (n int, err error) {
	var fds []int
	room := w.budget.takeReceived(func(may bool) int {
		if !may {
			n, err = readWithout(fd, p)
			return 0
		}
		n, fds, err = w.receiveAll(fd, m, p)
		return len(fds)
	})
	few := min(len(fds), room, maxFDs-len(m.fds))
	m.fds = append(m.fds, fds[:few]...)
	m.lost = m.lost || few < len(fds)
	full := rights.Full() && slices.ContainsFunc(fds, rights.MayWait)
	w.drop(fds[few:])
	if full {
		err = cmp.Or(err, rights.ErrFull)
	}
	return n, err
}

// receiveAll reads the bytes that have arrived, and all their descriptors. The message loses
// those that are too many for this process.
func (w *wire) receiveAll(fd int, m *message, p []byte) (n int, fds []int, err error) {
	n, controlSize, flags, _, err := unix.Recvmsg(fd, p, w.control, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	if err != nil {
		return 0, nil, err
	}
	m.lost = m.lost || flags&unix.MSG_CTRUNC != 0
	messages, err := unix.ParseSocketControlMessage(w.control[:controlSize])
	if err != nil {
		return 0, nil, fmt.Errorf("read descriptors: %w", err)
	}
	for i := range messages {
		some, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue // a control message without descriptors
		}
		fds = append(fds, some...)
	}
	return n, fds, nil
}

// readWithout reads the bytes that have arrived if no descriptors come with them.
func readWithout(fd int, p []byte) (int, error) {
	n, err := rights.Read(fd, p)
	if errors.Is(err, rights.ErrSent) {
		return 0, fmt.Errorf("all machines together have as many descriptors as this process may give them: %w", rights.ErrFull)
	}
	return n, err
}

// write sends a reply.
func (w *wire) write(p []byte) error {
	if err := w.conn.SetWriteDeadline(after(w.timeouts.Reply)); err != nil {
		return fmt.Errorf("set a deadline: %w", err)
	}
	if _, err := w.conn.Write(p); err != nil {
		return fmt.Errorf("send a reply: %w", err)
	}
	return nil
}

// notAnEnd returns io.ErrUnexpectedEOF for an end within a message.
func notAnEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// closedByPeer reports whether an error means that the peer has closed the connection.
func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
