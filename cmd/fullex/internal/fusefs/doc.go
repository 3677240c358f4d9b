// Package fusefs mounts a server with FUSE. FUSE reports which process opens a file, so
// each process has a deque of its own at /full_ex, as with the kernel module.
//
// # Clients
//
// A process opens a device file in the root directory through the server's door /pid/N.
// N is the number of the process (thread group). The attach is that of the process's user.
// The mount itself compares processes (openings.go):
//
//   - A process that changes its user stays the same client.
//   - A process may get the number N of one that has ended. It is a new client. It goes
//     through /each while /pid/N is in use.
//   - A process of another pid namespace has no number here and goes through /each. So does
//     a process that has ended. So do all processes where /proc belongs to another namespace.
//   - A process that /proc hides (hidepid) is refused with EACCES.
//   - An open that the kernel makes for itself is not a client (handle.go).
//
// All other files are the server's, unchanged.
//
// # What the kernel does
//
// Files are opened for direct I/O: each read(2) and write(2) is one call of the device. The
// kernel splits only calls above its largest size. It caches neither attributes nor names.
// Reads and writes of 0 bytes never leave it. A process that closes a file does not wait
// for the end of its session. The kernel reports that later (RELEASE), and an open in
// between waits for it (openings.go). Calls on an open file go by its handle, even if its
// name is gone.
//
// The kernel compares an asynchronous read (io_uring, libaio) with the size that it has for
// the file. So the mount gives it another size than stat(2) shows (sizes.go). From Linux 6.5
// on, sendfile(2) and splice(2) read pages, and all descriptors of a file share its pages.
// Text files can be read that way. Devices refuse it with EINVAL (handle.go).
//
// # A server that hangs
//
// The kernel interrupts a request at most once: for a signal that ends the process or has a
// handler, and also for a stop, a debugger or the freezer (fs/fuse/dev.c,
// request_wait_answer). The call at the server then ends as [fullex/p9srv/client] describes:
//
//   - With the server's reply, if it comes.
//   - With EINTR, if the server has done nothing. The mount first makes the call once more
//     and gives the server two seconds for it.
//   - With EIO, if the server does not answer within a second. Nobody knows what it has done,
//     and the open file cannot be used any more.
//
// Some waits are in the kernel, and a signal does not end them:
//
//   - for a look-up of the same name by another process
//   - for an inode's lock, which truncate(2) and writes with O_APPEND take, and before Linux
//     6.2 all writes
//   - for asynchronous requests when their process exits
//
// # Path of a request
//
// loop.go reads requests and writes replies. The FUSE library decodes a request and calls a
// method of filesystem (filesystem.go, files.go). The method finds the server's file by its
// handle (handles.go), or by the node ID, which contains the file's qid.path (nodes.go).
//
// # Concurrency
//
// A Mount serves many requests at the same time. No lock is taken while another is held,
// with one exception: a handle's lock is held while its file is opened or listed.
package fusefs
