package endpoint

import (
	"net"
	"os"
	"slices"
)

// Peer is what a transport says of the other end of a connection.
type Peer struct {
	Where   string // for log lines: "unix uid=1000 pid=42", "tcp 127.0.0.1:4711"
	Memory  bool   // it is in this process, and no socket
	Here    bool   // it is in this process, and a unix socket
	Vouched bool   // the transport vouches for UID
	UID     uint32 // its user, if vouched
	Process string // the very process or machine, if the transport tells; else ""
}

// PeerOf asks the transport of a connection. The process is looked up only if that is
// wanted.
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
	if address == nil { // it was reset before c was made
		return Peer{Where: "peer gone"}
	}
	where := address.Network() + " " + address.String()
	if where == "pipe pipe" { // net.Pipe, which no other process can have
		return MemoryPeer(where)
	}
	return Peer{Where: where}
}

// MemoryPeer is the peer of a connection within this process that is no socket.
func MemoryPeer(where string) Peer {
	return Peer{Where: where, Memory: true, Vouched: true, UID: uint32(os.Geteuid())}
}

// IsExposed reports whether other machines can reach a listener's address.
func IsExposed(addr net.Addr) bool {
	return slices.ContainsFunc(transports, func(t *transport) bool { return t.exposed != nil && t.exposed(addr) })
}
