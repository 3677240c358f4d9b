// Package target opens a device tree for the commands that use one: over 9P at an endpoint,
// or below the directory where it is mounted. Both ways offer the same calls and return the
// same errnos. Package caller lets other processes make these calls.
//
// # Names
//
// The name of a target is an endpoint ("unix:PATH", "tcp:HOST:PORT") or a path. A path is
// that of a mounted directory or of a single device file, such as /proc/full_ex. Paths
// within a target are relative to it. A leading "/" has no meaning there.
//
// # Errors
//
// A call that the device or the server refuses returns a [syscall.Errno] of this system. If
// the call has a path, the errno is wrapped with the call and the path.
//
// # Concurrency
//
// Targets and Files are safe for concurrent use. Reads and writes of one File at the same
// time may begin at the same offset.
package target
