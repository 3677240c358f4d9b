// Package p9srv serves the device tree over 9P2000.L: to the Linux client
// (v9fs), to QEMU guests, and to programs with a 9P library.
//
// # The way of a message
//
//	endpoint --bytes--> conn --frame--> front --+-- Tread, Twrite of an open device --> Session
//	                                            +-- all others --> file of the tree --> Kernel
//
// One goroutine runs a connection. It waits without a buffer (transport.go), in the
// runtime's poller or, if it alone is busy, with a thread (package outside), and
// then lets [front.Process] answer every whole frame that arrived, strictly in
// order, and writes all replies at once. Data messages are answered in place
// without allocation (data.go), others by the files of package tree (control.go).
// Messages are read and written by package wire. Package endpoint knows the transports:
// addresses, listeners, and who a peer is.
//
// Between two calls of Process a connection is data only: fids (fid.go), what the
// Linux client believes of its files (followup.go, extent.go), a part of a frame. No
// goroutine, channel or timer belongs to a fid, and nothing that the front calls blocks.
//
// A client in the same process needs no goroutine: [Server.Connect] gives it a
// connection whose Write and Exchange call front.Process themselves (memoryconn.go).
//
// The files of the tree are p9.File values, so that the server of hugelgupf/p9 can
// serve them, too: [Server.Attacher].
//
// # Terms
//
// fid, qid, tag, attach, walk, clunk and msize are those of the Plan 9 manual,
// section 5, and of diod's protocol.md. A session is device.Session, the open
// of the device by one client; a 9P session is what Tversion starts.
//
// # Who is the client
//
// 9P carries no process number. Who the client of an open is depends on the
// door it came through:
//
//	/full_ex          the connection and the user of the attach (IdentityUser), or
//	                  what the transport vouches for: the process on a unix socket,
//	                  the machine on vsock, with the user (IdentityPeer)
//	/pid/N/full_ex    the same and the number N, which the client chose
//	/each/full_ex     each open is a client of its own
//
// Any directory can be attached as the root (aname). The same doors lead to
// the files of every loaded module; package tree lists all files.
//
// What a client claims is not what is known. On a unix socket the kernel
// vouches for the peer's user: root may attach as anybody, others as
// themselves only (EPERM). Over TCP and vsock a user is a label, which proves
// nothing and counts as "other" for mode bits.
//
// # Errors
//
// Clients get Linux errno values. The device's are those of package device;
// the front adds:
//
//	EACCES        an open that the mode bits forbid, ctl for one
//	EBADF         unknown fid, fid not open, or not open for this
//	EBUSY         walk of an open fid to itself
//	EMFILE        a fid or an open listing too many for the connection
//	ENFILE        a fid, session or open listing too many for the server
//	EINVAL        malformed body, NOFID, a newfid in use, forbidden name, second open of a fid
//	ENOENT        no such name; authentication, which nobody needs
//	ENOTDIR       walk or attach below a file
//	EISDIR        read or write of a directory
//	EPERM         whatever would change the tree; another's user on a unix socket
//	EPROTO        a message before Tversion
//	EMSGSIZE      an msize below 4096
//	ENAMETOOLONG  a name above 255 bytes
//	EOPNOTSUPP    extended attributes, unknown messages
//	ESPIPE        a read that the Linux client would lose (followup.go)
//
// A frame whose size cannot be right ends its connection.
//
// # Concurrency
//
// Server is safe for concurrent use. Lock order:
//
//	MemoryConn.serving
//	MemoryConn.mu
//	Server.mu
//	those of device.Kernel, which its package lists
//
// and socket.mu with none of the others. Nothing blocks while it holds one of them,
// and none is held while a connection is read or written; but a writer to a
// connection in memory waits for its reader with serving held.
//
// # Layers
//
// A program can put a [Processor] of its own around that of each connection
// ([Server.Layer], processor.go); package faulty does. One that waits blocks the
// connection's goroutine, or whoever writes to a connection in memory.
//
// # Fairness
//
// A connection answers a share of work, then others have their turn; those that use up
// their shares fast rest in between (turn.go). A deadline that passed while the process could
// not run is given once more (package deadline).
//
// # Limits
//
// limits.go has them all, with their units and reasons. With the defaults, strangers can
// make a server hold at most:
//
//	10,000 connections           8 KiB each      78 MiB
//	1,048,576 fids             0.5 KiB each     512 MiB
//	262,144 sessions             1 KiB each     256 MiB
//	buffers of peers that stop or do not read    64 MiB
//	listings that are open                      256 MiB
//	256 virtual machines       110 KiB each      28 MiB
package p9srv
