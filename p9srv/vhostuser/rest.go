//go:build linux

package vhostuser

import "io"

// mostFDs is how many descriptors can come with one byte (SCM_MAX_FD in Linux's
// include/net/scm.h). With a smaller buffer, the kernel itself would close the descriptors
// that do not fit. It does so in the reading thread, and their sender decides how long that
// takes.
const mostFDs = 253

// rest reads the bytes of a message after the first. Descriptors must come with the first
// byte, so those that come here count as lost.
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
