// Package p9srv serves the device tree over 9P2000.L: to the Linux client
// (v9fs), to QEMU guests, and to programs with a 9P library.
//
// # The way of a message
//
//	endpoint --bytes--> conn --frame--> front --+-- Tread, Twrite of an open device --> Session
//	                                            +-- all others --> file of the tree --> Kernel
//
// One goroutine runs a connection. It waits for data without a buffer (transport.go), in the
// runtime's poller. If no other connection is busy, it waits with a thread of its own
// (package outside). Then [front.Process] answers every whole frame that arrived, strictly
// in order, and the goroutine writes all replies at once.
//
// The front answers Tread and Twrite without allocation (data.go). It answers all other
// messages with the files of package tree (control.go). Package wire encodes and decodes
// messages. Package endpoint contains the transports: addresses, listeners and peers.
//
// Between two calls of Process, a connection is only data: fids (fid.go), what the Linux
// client believes about its files (followup.go, extent.go), and a part of a frame. No
// goroutine, channel or timer belongs to a fid. Nothing that the front calls blocks.
//
// A client in the same process needs no goroutine: [Server.Connect] returns a connection
// whose Write and Exchange call front.Process themselves (memoryconn.go).
//
// The files of the tree are p9.File values. So the server of hugelgupf/p9 can serve them,
// too: [Server.Attacher].
//
// # Terms
//
// Section 5 of the Plan 9 manual and diod's protocol.md explain fid, qid, tag, attach, walk,
// clunk and msize. A message is a request or a reply. A frame is the bytes of a message, which
// begin with their number.
//
// A session is a device.Session: one open of a device by one client. A 9P session is what
// Tversion starts. A guest is a virtual machine that is connected by vhost-user.
//
// # Who is the client
//
// 9P carries no process number. The door through which an open comes decides which client it
// belongs to:
//
//	/full_ex          with IdentityUser: the connection and the user of the attach;
//	                  with IdentityPeer: the user, and the process on a unix socket or
//	                  the machine on vsock, as the transport vouches for it
//	/pid/N/full_ex    the same and the number N, which the client chose
//	/each/full_ex     each open is its own client
//
// A client can attach any directory as its root (aname). The same doors lead to the files of
// every loaded module. Package tree lists all files.
//
// A server knows less than clients claim. On a unix socket the operating system vouches for
// the peer's user: root may attach as any user, other users only as themselves (EPERM). Over
// TCP and vsock a user is a label. It proves nothing and counts as "other" for mode bits.
//
// # Errors
//
// Clients get Linux errno values. Those of the device are listed in package device. The
// front adds:
//
//	EACCES        open that the mode bits forbid, for example of ctl
//	EBADF         unknown fid, fid not open, or not open for this operation
//	EBUSY         walk of an open fid to itself
//	EMFILE        one fid or open listing too many for the connection
//	ENFILE        one fid, session or open listing too many for the server
//	EINVAL        malformed body, NOFID, newfid in use, forbidden name, second open of a fid
//	ENOENT        no such name; Tauth, as no client has to authenticate
//	ENOTDIR       walk or attach below a file
//	EISDIR        read or write of a directory
//	EPERM         operation that would change the tree; attach as another user on a unix socket
//	EPROTO        message before Tversion
//	EMSGSIZE      msize below 4096
//	ENAMETOOLONG  name of more than 255 bytes
//	EOPNOTSUPP    extended attributes, unknown messages
//	ESPIPE        read whose value the Linux client would lose (followup.go)
//
// A frame whose size cannot be right ends its connection.
//
// # Concurrency
//
// Server is safe for concurrent use. Locks are taken in this order:
//
//	MemoryConn.serving
//	  MemoryConn.mu
//	    Server.mu
//	      the locks that package device lists
//
// All other locks of this package are taken last. No goroutine that has a lock waits for a
// peer, or reads or writes a connection. There is one exception: a writer to a connection in
// memory waits for its reader with serving locked.
//
// # Layers
//
// A program can put its own [Processor] around that of each connection ([Server.Layer],
// processor.go). Packages faulty and strict do so. A Processor that waits blocks the goroutine of the
// connection, or the writer to a connection in memory.
//
// # Going on in another process
//
// [Server.Freeze] makes a server stand still between two messages of each connection.
// [Frozen.Save] returns its state. [Server.Restore] goes on with that state in another process
// that has the same descriptors. Package upgrade does so.
//
// # Fairness
//
// A connection does a share of work, and then other connections have their turn. Connections
// that use up their shares fast rest between them (turn.go). A deadline that passed while the
// process could not run is extended once (package deadline).
//
// # Limits
//
// limits.go lists all limits, with their units and reasons. With the defaults, strangers can
// make a server use at most this memory:
//
//	10,000 connections           8 KiB each      78 MiB
//	1,048,576 fids             0.5 KiB each     512 MiB
//	262,144 sessions             1 KiB each     256 MiB
//	buffers of peers that stop or do not read    64 MiB
//	open listings                               256 MiB
//	256 virtual machines       110 KiB each      28 MiB
package p9srv
