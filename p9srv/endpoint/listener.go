package endpoint

import (
	"net"

	"fullex/p9srv/endpoint/rights"
)

// Guard returns a listener for l. If l is a unix listener, its connections refuse
// descriptors as far as the kernel can: see package rights.
func Guard(l net.Listener) net.Listener {
	if socket, ok := l.(*net.UnixListener); ok {
		return rights.NewListener(socket)
	}
	return l
}

// KeepsNone reports whether a listener surely keeps no reference to the connections that
// it returns. A listener of another package might close them later.
func KeepsNone(l net.Listener) bool {
	switch l.(type) {
	case *net.TCPListener, rights.Listener, *unixListener:
		return true
	}
	return false
}
