//go:build !linux

package endpoint

import "net"

// askSocket knows nobody: credentials of a peer are read on Linux only.
func askSocket(name string, _ *net.UnixConn, _ bool) Peer {
	return Peer{Where: name + ", peer unknown: no credentials on this system"}
}
