package endpoint

import (
	"net"
	"os"
	"slices"
)

// Peer is what a transport knows about the other end of a connection.
type Peer struct {
	Where   string // description for log lines: "unix uid=1000 pid=42", "tcp 127.0.0.1:4711"
	Memory  bool   // the peer is in this process, over a connection that is not a socket
	Here    bool   // the peer is in this process, over a unix socket
	Vouched bool   // the transport vouches for UID
	UID     uint32 // user of the peer, if Vouched
	Process string // identifies the peer's process or machine; "": unknown
}

// PeerOf returns the peer of a connection. It looks up Process only if wantProcess is set.
func PeerOf(c net.Conn, wantProcess bool) Peer {
	for _, t := range transports {
		if t.peer == nil {
			continue
		}
		if p, ok := t.peer(c, wantProcess); ok {
			return p
		}
	}
	address := c.RemoteAddr()
	if address == nil { // the peer reset the connection before c was made
		return Peer{Where: "peer gone"}
	}
	where := address.Network() + " " + address.String()
	if where == "pipe pipe" { // net.Pipe, whose ends are both in this process
		return MemoryPeer(where)
	}
	return Peer{Where: where}
}

// MemoryPeer returns the peer of a connection within this process that is not a socket.
func MemoryPeer(where string) Peer {
	return Peer{Where: where, Memory: true, Vouched: true, UID: uint32(os.Geteuid())}
}

// IsExposed reports whether other machines may reach a listener at this address: it is TCP
// and not loopback.
func IsExposed(addr net.Addr) bool {
	return slices.ContainsFunc(transports, func(t *transport) bool { return t.exposed != nil && t.exposed(addr) })
}
