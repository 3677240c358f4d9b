package p9srv

import (
	"math"
	"time"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/wire"
)

// Limits of the protocol, in bytes unless the comment has another unit. The limits for peers
// are in Limits.
const (
	// maxMsize is the largest msize that the server grants. So every legal frame fits a
	// buffer of this size.
	maxMsize = 64 << 10
	// minMsize is the smallest msize that the server accepts. It is the minimum of the
	// Linux client, and the largest reply that cannot be split fits it.
	minMsize = 4 << 10
	// firstFrameLimit is the largest frame before a version is agreed.
	firstFrameLimit = 8 << 10
	// flushSize is the size of all replies at which they are written.
	flushSize = 32 << 10
	// maxListing is the most that one reply contains of a directory or text file.
	maxListing = 8 << 10
	// outSize is flushSize with room for one more reply, the largest.
	outSize = flushSize + maxListing + wire.RreadHead
	// smallPart is the largest part of a frame that a waiting connection copies. Then the
	// connection can give its buffer back.
	smallPart = 4 << 10

	// maxNames is MAXWELEM of walk(5), a number of names.
	maxNames = 16
)

// Limits bound what peers can make a server use. A zero field means the default that its
// comment names. A negative field means no limit.
type Limits struct {
	// Conns is how many connections there may be. The server closes one too many at once.
	// The default is 10,000.
	Conns int
	// Guests is how many virtual machines may be connected by vhost-user. The server
	// closes the connection of one too many before it answers. The default is 256.
	Guests int
	// FIDs is how many fids a connection may have. One more returns EMFILE. The default is
	// 65,536.
	FIDs int
	// AllFIDs is how many fids all connections may have together. One more returns ENFILE.
	// Each takes about half a KiB. The default is 1,048,576.
	AllFIDs int
	// Buffers is how many bytes all connections may use together while they wait for their
	// peers. They wait for the rest of a large frame, or for a peer that does not read.
	// Above the limit, the server cuts the connection that has waited longest. The default
	// is 64 MiB.
	Buffers int
	// HandshakeTimeout is how long a new connection may take to its first attach. For a
	// virtual machine, it ends with the first message of the front-end. The default is 10 s.
	HandshakeTimeout time.Duration
	// FrameTimeout is how long the rest of a frame may take after its first part. That part
	// may occupy a buffer of 64 KiB. The default is 30 s.
	FrameTimeout time.Duration
	// WriteTimeout is how long a peer may leave replies unread. The server does not read
	// its requests meanwhile. The default is 30 s.
	WriteTimeout time.Duration
	// IdleTimeout is how long a connection may send nothing. The default is no limit, as an
	// unused mount sends nothing.
	IdleTimeout time.Duration
	// KeepAlive is roughly how long a TCP peer may be lost before its connection ends and
	// its sessions are freed. A machine without power is lost, for example. See
	// endpoint.NoticeLoss. The default is 3 min.
	KeepAlive time.Duration
}

// DefaultLimits returns the limits that the zero Limits means.
func DefaultLimits() Limits { return defaultLimits }

var defaultLimits = Limits{
	Conns: 10_000, Guests: 256, FIDs: 1 << 16, AllFIDs: 1 << 20, Buffers: 64 << 20,
	HandshakeTimeout: 10 * time.Second, FrameTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
	KeepAlive: endpoint.DefaultKeepAlive,
}

// unlimited is the limit of a count that has none.
const unlimited = math.MaxInt

// withDefaults returns the limits with defaults for zero fields. For "no limit", it returns
// unlimited as a count and 0 as a time.
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
		*field = max(*field, 0) // 0 means no limit in the result
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
