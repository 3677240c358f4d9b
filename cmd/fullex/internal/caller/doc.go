// Package caller makes calls at targets in other processes. Each process is a client of its
// own. A device that distinguishes clients by process sees that process, and not the one
// that uses this package.
//
// # Processes
//
// [Work] runs in the other process. It receives requests over a pipe, makes the calls and
// sends replies, all in JSON. A [Process] represents it on this side of the pipe. [Start]
// starts a process on this machine. [Over] takes a pipe to a process anywhere, such as in
// a guest. [Process.Start] starts another process where the first one runs. Its requests
// and replies go through the same pipe.
//
// # Clients
//
// [Process.At] makes a process a client: a [target.Target]. At a path it is also a
// [target.Mounted] that can fork and has threads. Closing a client kills its process, even
// if its calls wait. The processes that it started end with it.
//
// # Errors
//
// An error has the text that it had in the other process. It unwraps to its
// [syscall.Errno]. So both processes must run on the same kind of system.
//
// # Concurrency
//
// Processes, clients and files are safe for concurrent use. Each thread of a process makes
// one call at a time.
package caller
