// Package rights protects this process from file descriptors that a peer sends over a unix
// socket (SCM_RIGHTS, unix(7)). It knows neither 9P nor vhost-user.
//
// # The danger
//
// A process closes a file when it drops the last descriptor of it. The sender of the
// descriptor decides how long that close takes: the file may be a TCP socket with SO_LINGER,
// or belong to a file system that does not answer. An ordinary read(2) drops the descriptors
// that came with its bytes. So does close(2) of a socket with descriptors in its queue.
//
// # What is done
//
// Where the kernel can, it refuses to send descriptors: [Refuse], Linux 6.16 and later.
// Elsewhere [Read] looks before it reads, and leaves descriptors in the socket's queue.
// [Close] and [Discard] leave a close that may take long to a few separate threads, and
// nobody waits for these: see [Later].
//
// # Concurrency
//
// All functions are safe for concurrent use, except [Read] and [Close] on the same socket.
package rights

import "errors"

// ErrSent says that a peer sent descriptors, which nobody asked for.
var ErrSent = errors.New("the peer sent descriptors, which nobody asked for")
