package p9srv

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"fullex/p9srv/deadline"
)

// transport reads and writes a connection's bytes. It waits for data without
// holding a buffer, so that an idle connection costs little, where the
// connection is a file descriptor (SyscallConn); elsewhere it waits with a
// small one.
//
// It is used by the connection's goroutine only, but for the socket.
type transport struct {
	socket socket

	// Method values, made once: making one a call would allocate.
	tryRead, tryWrite func(fd uintptr) bool
	// readSome is read(2), or rights.Read where descriptors may come with the bytes.
	readSome func(fd int, p []byte) (int, error)

	buf     *inBuffer // borrowed, or nil
	fill    int       // bytes in buf
	dropped int       // of these, at the start
	part    []byte    // of a frame, while waiting without buf
	readErr error

	// standStill waits while the server is frozen, and reports whether it was. Nil: the
	// server is never frozen.
	standStill func() bool

	unsent   []byte // of the write in hand
	writeErr error
	deadline time.Time // of writing; zero: none is set

	claim bufferClaim // what it holds while it waits

	conn         net.Conn      // that is no file descriptor
	writeTimeout time.Duration // 0: none
	small        []byte        // to wait with where that is needed; made then
}

// init makes a transport ready that is its zero value.
func (t *transport) init(c net.Conn, writeTimeout time.Duration) {
	t.conn, t.writeTimeout = c, writeTimeout
	t.socket.init(c)
	t.tryRead, t.tryWrite, t.readSome = t.readFD, t.writeFD, t.socket.reader()
}

// more waits until bytes have arrived behind those there are. It returns
// io.EOF when the peer has closed.
func (t *transport) more() error {
	if t.socket.raw == nil {
		return t.moreFromConn()
	}
	t.readErr = nil
	if err := t.socket.read(t.tryRead); err != nil {
		return err
	}
	return t.socket.whyEnded(t.readErr)
}

// moreNow takes what else has arrived, behind what waits in the buffer, without
// waiting, and returns all of it. What is wrong with the connection, more will find.
func (t *transport) moreNow() []byte {
	if t.socket.raw != nil {
		_ = t.socket.readNow(func(fd uintptr) {
			n, _ := ignoringEINTR(t.readSome, int(fd), t.buf[t.fill:])
			t.fill += max(n, 0)
		})
	}
	return t.arrived()
}

// readFD reads once, if something is there, into a buffer borrowed for it.
func (t *transport) readFD(fd uintptr) bool {
	t.borrow()
	n, err := ignoringEINTR(t.readSome, int(fd), t.buf[t.fill:])
	if errors.Is(err, syscall.EAGAIN) {
		t.release()
		if n := t.memory(); n > 0 {
			t.claim.take(n)
		}
		return false
	}
	t.claim.free()
	t.readErr = err
	if n > 0 {
		t.fill += n
	} else if err == nil {
		t.readErr = io.EOF
	}
	return true
}

// borrow borrows a buffer and puts what was kept of a frame into it.
func (t *transport) borrow() {
	if t.buf == nil {
		t.buf = inPool.Get().(*inBuffer)
		t.fill = copy(t.buf[:], t.part)
		t.part = nil
	}
}

// release gives the buffer back before a wait. A small part of a frame is kept
// aside, so that a peer who stops within one does not hold a whole buffer.
func (t *transport) release() {
	if t.buf == nil || t.fill > smallPart {
		return
	}
	if t.fill > 0 {
		t.part = append([]byte(nil), t.buf[:t.fill]...)
	}
	inPool.Put(t.buf)
	t.buf, t.fill = nil, 0
}

// moreFromConn is more for what is no file descriptor.
func (t *transport) moreFromConn() error {
	t.release()
	if t.small == nil {
		t.small = make([]byte, smallPart)
	}
	p := t.small
	if t.buf != nil {
		p = t.buf[t.fill:]
	}
	n, err := t.conn.Read(p)
	if n == 0 {
		return err
	}
	if t.buf == nil {
		t.borrow()
		t.fill += copy(t.buf[t.fill:], p[:n])
		return nil
	}
	t.fill += n
	return nil
}

// memory returns how many bytes the transport has while it waits.
func (t *transport) memory() int {
	if t.buf != nil {
		return len(t.buf)
	}
	return len(t.part)
}

// giveBack gives the buffer back if nothing is in it.
func (t *transport) giveBack() {
	if t.buf != nil && t.fill == 0 {
		t.release()
	}
}

// arrived returns the bytes that wait in the buffer.
func (t *transport) arrived() []byte { return t.buf[t.dropped:t.fill] }

// drop drops the first n bytes of what arrived, and returns how many are left.
func (t *transport) drop(n int) int {
	t.dropped += n
	return t.fill - t.dropped
}

// compact makes room in the buffer for more than what is left.
func (t *transport) compact() { t.fill, t.dropped = copy(t.buf[:], t.arrived()), 0 }

// write writes p. A peer that does not take all of it within the write timeout
// gets an error, os.ErrDeadlineExceeded.
func (t *transport) write(p []byte) error {
	if t.socket.raw == nil {
		return t.writeConn(p)
	}
	t.unsent, t.writeErr = p, nil
	err := t.writeUnsent()
	if deadline.PassedUnseen(err, t.deadline) {
		t.deadline = time.Now().Add(t.writeTimeout)
		if err = t.socket.SetWriteDeadline(t.deadline); err == nil {
			err = t.writeUnsent()
		}
	}
	t.unsent = nil
	t.claim.free()
	if err != nil {
		return err
	}
	if t.writeErr == nil && !t.deadline.IsZero() {
		t.deadline = time.Time{}
		return t.socket.SetWriteDeadline(time.Time{})
	}
	return t.socket.whyEnded(t.writeErr)
}

// writeUnsent writes what is unsent. A freeze of the server does not end it.
func (t *transport) writeUnsent() error {
	for {
		err := t.socket.write(t.tryWrite)
		if !errors.Is(err, os.ErrDeadlineExceeded) || t.standStill == nil || !t.standStill() {
			return err
		}
	}
}

// writeFD writes what is unsent as far as the peer takes it. Only when it does
// not take all is a deadline set: most writes never need one.
func (t *transport) writeFD(fd uintptr) bool {
	for len(t.unsent) > 0 {
		n, err := ignoringEINTR(syscall.Write, int(fd), t.unsent)
		if n > 0 {
			t.unsent = t.unsent[n:]
			continue
		}
		if errors.Is(err, syscall.EAGAIN) {
			t.writeErr = t.startWaiting()
			return t.writeErr != nil
		}
		t.writeErr = err
		return true
	}
	return true
}

// startWaiting sets the deadline of the write in hand, once.
func (t *transport) startWaiting() error {
	if t.deadline.IsZero() && t.writeTimeout > 0 {
		t.deadline = time.Now().Add(t.writeTimeout)
		if err := t.socket.SetWriteDeadline(t.deadline); err != nil {
			return err
		}
	}
	t.claim.take(t.memory() + outSize) // last, as it may set a deadline of its own
	return nil
}

// writeConn is write for what is no file descriptor.
func (t *transport) writeConn(p []byte) error {
	if t.writeTimeout > 0 {
		if err := t.conn.SetWriteDeadline(time.Now().Add(t.writeTimeout)); err != nil {
			return err
		}
	}
	_, err := t.conn.Write(p)
	return err
}

// close closes the connection and gives the buffer back.
func (t *transport) close() error {
	t.claim.free()
	if t.buf != nil {
		inPool.Put(t.buf)
		t.buf = nil
	}
	return t.socket.close()
}

// ignoringEINTR calls a read or write until no signal comes between.
func ignoringEINTR(call func(int, []byte) (int, error), fd int, p []byte) (int, error) {
	for {
		n, err := call(fd, p)
		if !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}
