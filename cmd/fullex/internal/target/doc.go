// Package target reaches a device tree for the commands that use one: over 9P
// at an endpoint, or below the directory where it is mounted. Both give the
// same calls and the same errno. Package caller has other processes make them.
//
// # Names
//
// A target is named by an endpoint ("unix:PATH", "tcp:HOST:PORT") or by a path,
// which is the directory of a mount or a device file by itself, such as
// /proc/full_ex. Paths within a target are relative to it; a leading "/" means
// nothing.
//
// # Errors
//
// What the device or the server refuses is a [syscall.Errno] of this system,
// wrapped with what was being done.
//
// # Concurrency
//
// Targets and Files are safe for concurrent use. Of reads and writes at the same
// time none is sure to start where another ended.
package target
