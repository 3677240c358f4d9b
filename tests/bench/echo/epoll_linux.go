package echo

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	backlog   = 4096
	maxEvents = 256
)

// poller is the strong limit: one epoll loop on a thread of its own, without Go's scheduler
// and poller. Its system calls are raw, because nothing else in the process needs the thread.
type poller struct {
	epoll, listener int
	in, out         []byte
	rests           map[int][]byte // by descriptor: the part of a frame that arrived
}

// ServeEpoll listens on a unix socket and returns only on an error.
func ServeEpoll(socket string) error {
	runtime.LockOSThread()
	// No collection: it would wait for a thread that sleeps in a raw call.
	debug.SetGCPercent(-1)
	p := &poller{in: make([]byte, bufferSize), rests: make(map[int][]byte)}
	if err := p.listen(socket); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	events := make([]unix.EpollEvent, maxEvents)
	for {
		n, err := wait(p.epoll, events)
		if err != nil {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for _, event := range events[:n] {
			if err := p.handle(int(event.Fd)); err != nil {
				return err
			}
		}
	}
}

func (p *poller) listen(socket string) error {
	var err error
	if p.listener, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	if err := unix.Bind(p.listener, &unix.SockaddrUnix{Name: socket}); err != nil {
		return err
	}
	if err := unix.Listen(p.listener, backlog); err != nil {
		return err
	}
	if p.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	return p.add(p.listener)
}

func (p *poller) add(fd int) error {
	return unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// handle accepts or answers. A connection that fails is dropped.
func (p *poller) handle(fd int) error {
	if fd == p.listener {
		return p.accept()
	}
	open, err := p.answer(fd)
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
	}
	if open && err == nil {
		return nil
	}
	delete(p.rests, fd)
	return unix.Close(fd) // this takes it out of the epoll set, too
}

func (p *poller) accept() error {
	fd, _, err := unix.Accept4(p.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ECONNABORTED) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	return p.add(fd)
}

// answer reads once and writes all replies at once. It returns false when the
// peer has closed.
func (p *poller) answer(fd int) (open bool, err error) {
	fill := copy(p.in, p.rests[fd])
	n, errno := call(unix.SYS_READ, fd, p.in[fill:])
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return true, nil
	case errno != 0:
		return false, fmt.Errorf("read: %w", errno)
	case n == 0:
		return false, nil
	}
	used, out, err := appendReplies(p.in[:fill+n], p.out[:0])
	p.out = out
	if err != nil {
		return false, err
	}
	if rest := p.in[used : fill+n]; len(rest) > 0 || fill > 0 {
		p.rests[fd] = append(p.rests[fd][:0], rest...)
	}
	return true, write(fd, out)
}

// write waits if the peer does not take all. This is rare, so that other connections may wait
// as well.
func write(fd int, b []byte) error {
	for len(b) > 0 {
		n, errno := call(unix.SYS_WRITE, fd, b)
		switch errno {
		case 0:
			b = b[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1); err != nil && !errors.Is(err, unix.EINTR) {
				return fmt.Errorf("poll: %w", err)
			}
		default:
			return fmt.Errorf("write: %w", errno)
		}
	}
	return nil
}

// call is read(2) or write(2) of at least one byte.
func call(number uintptr, fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(number, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), errno
}

// wait is epoll_wait(2) without a timeout.
func wait(epoll int, events []unix.EpollEvent) (int, error) {
	forever := -1
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll),
			uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(forever), 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}
