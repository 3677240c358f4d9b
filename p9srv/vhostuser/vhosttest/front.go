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

// Patience is how long a Front waits for the back-end. A longer wait is an error.
const Patience = 10 * time.Second

// Options say how a Front behaves. The zero value means QEMU's defaults.
type Options struct {
	QueueSize  int    // entries of the ring, a power of two from 2 to 1024; 0: 128
	Features   uint64 // features that the driver accepts; 0: DefaultFeatures
	Direct     bool   // chains are in the ring's own table, not in indirect tables
	Split      int    // most bytes of one descriptor's buffer; 0: no limit
	MaxRequest int    // most bytes of a request; 0: 4096
	MaxRoom    int    // most bytes of an answer; 0: 4096
	UML        bool   // send virtio_uml's messages instead of QEMU's
}

// DefaultFeatures are VERSION_1, PROTOCOL_FEATURES, EVENT_IDX, INDIRECT_DESC
// and bit 0, as Linux's 9P driver accepts them.
const DefaultFeatures = 0x170000001

// featureEventIdx is VIRTIO_F_EVENT_IDX.
const featureEventIdx = 1 << 29

// Addresses in guest memory. A guest address is also the offset in the memfd. As in a PC
// there is a hole below 768 KiB.
const (
	lowEnd    = 640 << 10
	highStart = 768 << 10
	ringStart = 1 << 20
	tables    = 2 << 20 // indirect tables, tableSize for each slot
	buffers   = 4 << 20

	// Scratch is the start of 64 KiB of guest memory that a Front does not use.
	Scratch = 832 << 10

	// UserBase is the front-end's address of guest address 0.
	UserBase = 0x7f0000000000

	tableSize = 64 * descSize
	page      = 4096
)

// Front is a front-end and a driver. Not safe for concurrent use.
type Front struct {
	opt  Options
	conn *net.UnixConn

	memFD int
	mem   []byte // all of guest memory, including the hole

	kick, err int      // eventfds
	backend   [2]int   // a socketpair: the front-end's end, and the back-end's
	call      *os.File // an eventfd, or one end of a socketpair
	callFD    int      // the same eventfd, or the other end

	desc, avail, used uint64 // guest addresses
	tails             tails

	base  uint16 // the last answer to GET_VRING_BASE
	begun bool   // memory is shared

	lastCall time.Time // when call's deadline was set
	calls    uint64    // number of interrupts
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

// unixConn makes a connection of a descriptor. The connection owns the descriptor.
func unixConn(fd int) (*net.UnixConn, error) {
	f := os.NewFile(uintptr(fd), "socket")
	defer func() { _ = f.Close() }()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("make a connection: %w", err)
	}
	return c.(*net.UnixConn), nil
}

// New returns a Front that has not sent anything yet. The Front owns the connection.
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

// layOut chooses the guest addresses of the ring's parts.
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

// Close ends the connection without a message, as if QEMU was killed.
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

// Memory returns guest memory, indexed by guest address. It is unmapped by Close.
func (f *Front) Memory() []byte { return f.mem }

// MemoryFD returns the descriptor of guest memory. Its file offsets are guest addresses. The
// Front still owns it.
func (f *Front) MemoryFD() int { return f.memFD }

// KickFD returns the ring's eventfd for kicks. The Front still owns it.
func (f *Front) KickFD() int { return f.kick }

// CallFD returns the ring's eventfd, or with Options.UML the socket, for interrupts. The Front
// still owns it.
func (f *Front) CallFD() int { return f.callFD }

// ErrFD returns the ring's eventfd for errors. The Front still owns it.
func (f *Front) ErrFD() int { return f.err }

// BackendFD returns the end of a socketpair for SET_BACKEND_REQ_FD. The Front still owns
// it.
func (f *Front) BackendFD() int { return f.backend[1] }
