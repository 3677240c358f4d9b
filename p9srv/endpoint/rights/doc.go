// Package rights keeps descriptors that a peer sends beside its bytes from stopping
// this process (SCM_RIGHTS, unix(7)). It knows neither 9P nor vhost-user.
//
// # The danger
//
// A descriptor whose last reference is dropped is closed by whoever drops it, and the
// sender decides how long that takes: SO_LINGER of a TCP socket, or a file of a file
// system that does not answer. A plain read(2) drops the descriptors that came with its
// bytes. So does the close(2) of a socket in whose queue they are.
//
// # What is done
//
// The kernel refuses to send them where it can: [Refuse], Linux 6.16 and later.
// Elsewhere [Read] looks before it takes, so that descriptors stay in the socket's queue.
// [Close] and [Discard] close what may take long in a few threads for that only, for
// which nobody waits: see [Later].
//
// # Concurrency
//
// All functions may be called at any time from any goroutine, except where one socket
// needs more: see [Read] and [Close].
package rights

import "errors"

// ErrSent reports that a peer sent descriptors, which nobody asked for.
var ErrSent = errors.New("the peer sent descriptors, which nobody asked for")
