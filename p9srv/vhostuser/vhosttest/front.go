//go:build linux

package vhosttest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Patience is how long a Front waits for the back-end before it is an error.
const Patience = 10 * time.Second

// Options are what a Front is to be. The zero value is QEMU's defaults.
type Options struct {
	QueueSize  int    // entries of the ring, a power of two from 2 to 1024; 0: 128
	Features   uint64 // that the driver accepts; 0: DefaultFeatures
	Direct     bool   // chains are in the ring's own table
	Split      int    // bytes of a descriptor's buffer at most; 0: any
	MaxRequest int    // bytes; 0: 4096
	MaxRoom    int    // bytes; 0: 4096
	UML        bool   // virtio_uml's messages instead of QEMU's
}

// DefaultFeatures are VERSION_1, PROTOCOL_FEATURES, EVENT_IDX, INDIRECT_DESC
// and bit 0, as Linux's 9P driver accepts them.
const DefaultFeatures = 0x170000001

// featureEventIdx is VIRTIO_F_EVENT_IDX.
const featureEventIdx = 1 << 29

// Where things are in guest memory. A guest address is the offset in the memfd
// as well. As in a PC there is a hole before 768 KiB.
const (
	lowEnd    = 640 << 10
	highStart = 768 << 10
	ringStart = 1 << 20
	tables    = 2 << 20 // indirect tables, tableSize for each slot
	buffers   = 4 << 20

	// Scratch is the start of 64 KiB of guest memory that nothing uses.
	Scratch = 832 << 10

	// UserBase is the front-end's address of guest address 0.
	UserBase = 0x7f0000000000

	tableSize = 64 * descSize
	page      = 4096
)

// Front is a front-end and a driver. One goroutine at a time uses it.
type Front struct {
	opt  Options
	conn *net.UnixConn

	memFD int
	mem   []byte // all of guest memory, and the hole

	kick, err int      // eventfds
	backend   [2]int   // a socketpair: the front-end's end, and the back-end's
	call      *os.File // an eventfd, or one end of a socketpair
	callFD    int      // the same eventfd, or the other end

	desc, avail, used uint64 // guest addresses
	tails             tails

	base  uint16 // what GET_VRING_BASE answered
	begun bool   // memory was shared

	lastCall time.Time // when call's deadline was set
	calls    uint64    // interrupts
	number   [8]byte
	answer   []byte
}

// Pair returns the two ends of a connection.
func Pair() (front, back *net.UnixConn, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socketpair: %w", err)
	}
	front, frontErr := unixConn(fds[0])
	back, backErr := unixConn(fds[1])
	return front, back, errors.Join(frontErr, backErr)
}

// unixConn makes a connection of a descriptor, which it owns.
func unixConn(fd int) (*net.UnixConn, error) {
	f := os.NewFile(uintptr(fd), "socket")
	defer func() { _ = f.Close() }()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("make a connection: %w", err)
	}
	return c.(*net.UnixConn), nil
}

// New returns a Front that has not sent anything yet. It owns the connection.
func New(conn *net.UnixConn, opt Options) (*Front, error) {
	opt.setDefaults()
	f := &Front{opt: opt, conn: conn, memFD: -1, kick: -1, err: -1, backend: [2]int{-1, -1}}
	f.layOut()
	if err := errors.Join(f.makeMemory(), f.makeEvents()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	f.clearRing()
	return f, nil
}

func (o *Options) setDefaults() {
	set := func(n *int, to int) {
		if *n == 0 {
			*n = to
		}
	}
	set(&o.QueueSize, 128)
	set(&o.MaxRequest, 4096)
	set(&o.MaxRoom, 4096)
	if o.Features == 0 {
		o.Features = DefaultFeatures
	}
}

// layOut places the ring.
func (f *Front) layOut() {
	n := uint64(f.opt.QueueSize)
	f.desc = ringStart
	f.avail = roundUp(f.desc + n*descSize)
	f.used = roundUp(f.avail + 6 + 2*n)
}

func roundUp(n uint64) uint64 { return (n + page - 1) &^ (page - 1) }

func (f *Front) makeMemory() error {
	size := buffers + f.slots()*f.stride()
	fd, err := unix.MemfdCreate("guest", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make guest memory: %w", err)
	}
	f.memFD = fd
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		return fmt.Errorf("size guest memory: %w", err)
	}
	f.mem, err = unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map guest memory: %w", err)
	}
	return nil
}

func (f *Front) makeEvents() error {
	for _, fd := range []*int{&f.kick, &f.err} {
		var err error
		if *fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
			return fmt.Errorf("make an eventfd: %w", err)
		}
	}
	var err error
	if f.backend, err = socketpair(); err != nil {
		return err
	}
	pair := [2]int{}
	if f.opt.UML {
		if pair, err = socketpair(); err != nil {
			return err
		}
	} else {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			return fmt.Errorf("make an eventfd: %w", err)
		}
		pair = [2]int{fd, fd}
	}
	f.call, f.callFD = os.NewFile(uintptr(pair[0]), "call"), pair[1]
	return nil
}

func socketpair() ([2]int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return [2]int{-1, -1}, fmt.Errorf("make a socketpair: %w", err)
	}
	return pair, nil
}

// Close ends the connection, as when QEMU is killed.
func (f *Front) Close() error {
	err := f.conn.Close()
	if f.call != nil {
		_ = f.call.Close()
		if f.opt.UML {
			_ = unix.Close(f.callFD)
		}
	}
	for _, fd := range []int{f.kick, f.err, f.memFD, f.backend[0], f.backend[1]} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	if f.mem != nil {
		_ = unix.Munmap(f.mem)
		f.mem = nil
	}
	f.kick, f.err, f.memFD, f.call, f.backend = -1, -1, -1, nil, [2]int{-1, -1}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Memory is guest memory, by guest address. It is not there after Close.
func (f *Front) Memory() []byte { return f.mem }

// MemoryFD is the descriptor of guest memory; its file offsets are guest
// addresses. It stays the Front's.
func (f *Front) MemoryFD() int { return f.memFD }

// KickFD, CallFD and ErrFD are the ring's eventfds. They stay the Front's.
func (f *Front) KickFD() int { return f.kick }

// CallFD: see KickFD.
func (f *Front) CallFD() int { return f.callFD }

// ErrFD: see KickFD.
func (f *Front) ErrFD() int { return f.err }

// BackendFD is the end of a socketpair for SET_BACKEND_REQ_FD. It stays the
// Front's.
func (f *Front) BackendFD() int { return f.backend[1] }
