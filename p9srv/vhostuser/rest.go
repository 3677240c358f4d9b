//go:build linux

package vhostuser

import "io"

// mostFDs is how many descriptors can come with one byte (SCM_MAX_FD in Linux's
// include/net/scm.h). The kernel closes those for which there is no room in this thread,
// for as long as their sender likes.
const mostFDs = 253

// rest is what follows the first byte of a message. Descriptors that come there are
// out of place: to the message they are lost.
type rest struct {
	wire *wire
	m    *message
}

// Read implements io.Reader.
func (r rest) Read(p []byte) (int, error) {
	before := len(r.m.fds)
	n, err := r.wire.readWithFDs(r.m, p)
	if len(r.m.fds) > before {
		r.m.lost = true
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	return n, err
}
