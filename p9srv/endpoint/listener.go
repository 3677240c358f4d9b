package endpoint

import (
	"net"

	"fullex/p9srv/endpoint/rights"
)

// Guard returns a listener for whose connections descriptors are refused as far as the
// kernel can: see package rights.
func Guard(l net.Listener) net.Listener {
	if socket, ok := l.(*net.UnixListener); ok {
		return rights.NewListener(socket)
	}
	return l
}

// KeepsNone reports whether a listener is known to keep none of the connections that
// it returns: somebody else's may close them later.
func KeepsNone(l net.Listener) bool {
	switch l.(type) {
	case *net.TCPListener, rights.Listener, *unixListener:
		return true
	}
	return false
}
