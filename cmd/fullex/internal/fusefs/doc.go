// Package fusefs mounts a server with FUSE, which tells who opens a file: so each
// process has a deque of its own at the plain path, as with the kernel module.
//
// # Who is the client
//
// An open of a device file in the root goes through the server's door
// /pid/N, N being the number of the process (thread group) that opens, on an
// attach of the process's user. The mount compares processes itself (openings.go):
// one that changes its user stays the same client, and one that has the number of
// another that has ended is a new one, whose door is /each while /pid/N is in use.
//
// A process of another pid namespace has no number here and goes through /each, as
// does one that is gone, and every one where /proc is not that of this namespace. A
// process that /proc hides (hidepid) is refused with EACCES. Opens that the kernel
// makes on its own are no client (kernelopen.go). All other files are those of the
// server as they are.
//
// # What the kernel does
//
// Device files are opened for direct I/O: each read(2) and write(2) is one message
// at the device, whatever its size up to the kernel's largest. Nothing is cached:
// neither attributes nor names. Reads and writes of no bytes never leave the
// kernel. A process that closes does not wait for the end of its session, which
// the kernel tells later (RELEASE); an open that comes in between waits for it
// (openings.go). sendfile(2) and splice(2) go by the page cache: they read nothing
// where they believe that the file has ended (mm/filemap.c, filemap_splice_read),
// and are refused before that (pages.go).
//
// # A server that hangs
//
// A call ends with its server's reply or with its process. The kernel alone would
// keep a process, killed or not, until the reply to what is under way has come
// (fs/fuse/dev.c, request_wait_answer). So whoever is ending while a server in
// another process owes him a reply gets EINTR from the mount (waiting.go), and what
// the late reply opens is closed. Signals that have a handler end no call, as they
// would lose what the server has popped. Two things are the kernel's: of several
// who write to one file one at a time comes to the mount, and the others cannot be
// killed before it is their turn; the same holds for who asks for a name while
// another does so for the first time.
//
// # Concurrency
//
// A Mount serves many requests at the same time. No lock is taken while another is
// held.
package fusefs
