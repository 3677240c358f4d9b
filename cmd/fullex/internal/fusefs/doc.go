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
// Files are opened for direct I/O: each read(2) and write(2) is one message at the
// device, whatever its size up to the kernel's largest. Nothing is cached: neither
// attributes nor names. Reads and writes of no bytes never leave the kernel. A process
// that closes does not wait for the end of its session, which the kernel tells later
// (RELEASE); an open that comes in between waits for it (openings.go). Calls on an open
// file go by its handle, whatever has become of its name.
//
// Asynchronous reads (io_uring, libaio) are held against the size that the kernel knows
// of a file, so it knows another than stat(2) tells (sizes.go). sendfile(2) and splice(2)
// go by pages from Linux 6.5 on, and all descriptors of a file share these: text files may
// be read so, and devices refuse it with EINVAL (handle.go).
//
// # A server that hangs
//
// The kernel interrupts a request once, for a signal that ends the process or has a handler,
// and also for a stop, a debugger or the freezer (fs/fuse/dev.c, request_wait_answer). The
// call at the server then ends as [fullex/p9srv/client] describes it: with its reply, with
// EINTR if the server has done nothing, or, without an answer for a second, with EIO, as
// nobody knows what the server has done; the file is of no more use then. A call that has
// done nothing is made again, instead of EINTR, where the server answers within two seconds.
// Some waits are the kernel's, and cannot be ended before it is their turn: for a look-up of
// the same name by another process; for an inode's lock, which truncate(2) and writes with
// O_APPEND take, and before Linux 6.2 all writes; and for asynchronous requests at the exit
// of their process.
//
// # Way of a request
//
// loop.go reads requests and writes replies, the FUSE library decodes them and calls the
// methods of filesystem (filesystem.go, files.go), which find the server's file by the
// node ID, which is its qid.path (nodes.go), or by the handle (handles.go).
//
// # Concurrency
//
// A Mount serves many requests at the same time. No lock is taken while another is
// held, but for that of a handle, which is held while its file is opened or listed.
package fusefs
