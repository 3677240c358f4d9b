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

// transport reads and writes the bytes of a connection. If the connection has a file
// descriptor (SyscallConn), the transport waits for data without a buffer. So an idle
// connection costs little. Otherwise it waits with a small buffer.
//
// Only the connection's goroutine uses it, apart from the socket.
type transport struct {
	socket socket

	// Method values are made once, as making one for each call would allocate.
	tryRead, tryWrite func(fd uintptr) bool
	// readSome is read(2), or rights.Read if a peer may send descriptors.
	readSome func(fd int, p []byte) (int, error)

	buf     *inBuffer // borrowed, or nil
	fill    int       // bytes in buf
	dropped int       // answered bytes at the start of buf
	part    []byte    // a part of a frame, while waiting without buf
	readErr error

	// standStill waits while the server is frozen. It reports whether the socket was paused
	// since the last call. Nil: the server is never frozen.
	standStill func() bool

	unsent   []byte // the rest of the write in hand
	writeErr error
	deadline time.Time // of writes; zero: none is set

	claim bufferClaim // the memory in use while the transport waits

	conn         net.Conn      // used only if socket.raw is nil
	writeTimeout time.Duration // 0: none
	small        []byte        // buffer to wait with if socket.raw is nil; made when needed
}

// init makes the zero transport ready for use.
func (t *transport) init(c net.Conn, writeTimeout time.Duration) {
	t.conn, t.writeTimeout = c, writeTimeout
	t.socket.init(c)
	t.tryRead, t.tryWrite, t.readSome = t.readFD, t.writeFD, t.socket.reader()
}

// more waits for more bytes and adds them to the buffer. It returns io.EOF when the peer has
// closed the connection.
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

// moreNow adds to the buffer what has arrived, without waiting, and returns all bytes that
// are not answered. It ignores errors: more returns them later.
func (t *transport) moreNow() []byte {
	if t.socket.raw != nil {
		_ = t.socket.readNow(func(fd uintptr) {
			n, _ := ignoringEINTR(t.readSome, int(fd), t.buf[t.fill:])
			t.fill += max(n, 0)
		})
	}
	return t.arrived()
}

// readFD reads once into a borrowed buffer. It returns false if there is nothing to read.
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

// borrow borrows a buffer, if there is none, and moves the part of a frame into it.
func (t *transport) borrow() {
	if t.buf == nil {
		t.buf = inPool.Get().(*inBuffer)
		t.fill = copy(t.buf[:], t.part)
		t.part = nil
	}
}

// release gives the buffer back before a wait. It copies a small part of a frame: a peer that
// stops there should not occupy a whole buffer.
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

// moreFromConn is more for a connection without a file descriptor.
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

// memory returns how many bytes of memory the transport uses for what has arrived.
func (t *transport) memory() int {
	if t.buf != nil {
		return len(t.buf)
	}
	return len(t.part)
}

// giveBack gives the buffer back if it is empty.
func (t *transport) giveBack() {
	if t.buf != nil && t.fill == 0 {
		t.release()
	}
}

// arrived returns the bytes in the buffer that are not answered.
func (t *transport) arrived() []byte { return t.buf[t.dropped:t.fill] }

// drop drops the first n bytes of arrived and returns how many are left.
func (t *transport) drop(n int) int {
	t.dropped += n
	return t.fill - t.dropped
}

// compact moves what is left to the start of the buffer.
func (t *transport) compact() { t.fill, t.dropped = copy(t.buf[:], t.arrived()), 0 }

// write writes p. It returns os.ErrDeadlineExceeded if the peer does not read enough within
// the write timeout.
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

// writeUnsent writes what is unsent. It goes on after a freeze of the server.
func (t *transport) writeUnsent() error {
	for {
		err := t.socket.write(t.tryWrite)
		if !errors.Is(err, os.ErrDeadlineExceeded) || t.standStill == nil || !t.standStill() {
			return err
		}
	}
}

// writeFD writes as much of unsent as the socket takes. It returns false if it has to wait
// for room. Only then does it set a deadline, as most writes need none.
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
	t.claim.take(t.memory() + outSize) // last: from now on an eviction may set the deadline, too
	return nil
}

// writeConn is write for a connection without a file descriptor.
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

// ignoringEINTR repeats a read or write that a signal has interrupted.
func ignoringEINTR(call func(int, []byte) (int, error), fd int, p []byte) (int, error) {
	for {
		n, err := call(fd, p)
		if !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}
