package p9srv

import (
	"math"
	"time"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/wire"
)

// Limits of the wire, in bytes unless said. Those of peers are in Limits.
const (
	// maxMsize is the largest msize granted, so that every legal frame fits a
	// buffer of this size.
	maxMsize = 64 << 10
	// minMsize is the smallest msize accepted: the Linux client's own minimum,
	// and enough for the largest reply that cannot be cut.
	minMsize = 4 << 10
	// firstFrameLimit bounds frames until a version is agreed.
	firstFrameLimit = 8 << 10
	// flushSize is how much may gather in replies before they are written.
	flushSize = 32 << 10
	// maxListing is the largest piece of a directory or text file in one reply.
	maxListing = 8 << 10
	// outSize is flushSize and room for the largest single reply.
	outSize = flushSize + maxListing + wire.RreadHead
	// smallPart is the largest part of a frame for which a waiting
	// connection keeps a copy instead of its buffer.
	smallPart = 4 << 10

	// maxNames is MAXWELEM of walk(5).
	maxNames = 16
)

// Limits bound what peers can make a server hold. A zero field stands for the
// default that its comment gives, a negative one for no limit.
type Limits struct {
	// Conns is how many connections there may be; one too many is closed at
	// once. Default 10,000.
	Conns int
	// Guests is how many virtual machines may be connected by vhost-user; one
	// too many is closed before it is answered. Default 256.
	Guests int
	// FIDs is how many fids a connection may have; EMFILE above. Default
	// 65,536.
	FIDs int
	// AllFIDs is how many fids all connections may have; ENFILE above. Each
	// takes about half a KiB. Default 1,048,576.
	AllFIDs int
	// Buffers is how many bytes connections may hold, all together, while they wait for
	// their peers: for the rest of a large message, or for a peer that does not read.
	// The one that has waited longest is cut above it. Default 64 MiB.
	Buffers int
	// HandshakeTimeout is how long a new connection may take to its first
	// attach, and a virtual machine's front-end to its first message. Default
	// 10 s.
	HandshakeTimeout time.Duration
	// FrameTimeout is how long the rest of a message may take, of which a part
	// has arrived: it may hold a buffer of 64 KiB. Default 30 s.
	FrameTimeout time.Duration
	// WriteTimeout is how long a peer may leave replies unread, during which
	// it is not read from either. Default 30 s.
	WriteTimeout time.Duration
	// IdleTimeout is how long a connection may send nothing. A mount does
	// that, so by default there is no limit.
	IdleTimeout time.Duration
	// KeepAlive is about how long a TCP peer may be gone without a word, as a
	// machine that lost its power, until its sessions are freed: see
	// endpoint.NoticeLoss. Default 3 min.
	KeepAlive time.Duration
}

// DefaultLimits returns the limits that the zero Limits stands for.
func DefaultLimits() Limits { return defaultLimits }

var defaultLimits = Limits{
	Conns: 10_000, Guests: 256, FIDs: 1 << 16, AllFIDs: 1 << 20, Buffers: 64 << 20,
	HandshakeTimeout: 10 * time.Second, FrameTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
	KeepAlive: endpoint.DefaultKeepAlive,
}

// unlimited is above every count.
const unlimited = math.MaxInt

// withDefaults returns the limits as they are enforced.
func (l Limits) withDefaults() Limits {
	count := func(field *int, value int) {
		switch {
		case *field == 0:
			*field = value
		case *field < 0:
			*field = unlimited
		}
	}
	span := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
		*field = max(*field, 0) // 0 is none from here on
	}
	d := &defaultLimits
	count(&l.Conns, d.Conns)
	count(&l.Guests, d.Guests)
	count(&l.FIDs, d.FIDs)
	count(&l.AllFIDs, d.AllFIDs)
	count(&l.Buffers, d.Buffers)
	span(&l.HandshakeTimeout, d.HandshakeTimeout)
	span(&l.FrameTimeout, d.FrameTimeout)
	span(&l.WriteTimeout, d.WriteTimeout)
	span(&l.IdleTimeout, d.IdleTimeout)
	span(&l.KeepAlive, d.KeepAlive)
	return l
}
