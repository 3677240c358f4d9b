package p9srv

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"fullex/device"
	"fullex/p9srv/endpoint"
	"fullex/p9srv/tree"
	"fullex/p9srv/wire"
)

// peer is who is at the other end of a connection, as far as its transport
// vouches for it. Immutable once made.
type peer struct {
	endpoint.Peer
	conn string // names the connection: "conn 7"
	own  uint32 // the server's user
}

// newPeer asks the transport of a new connection, the number'th of its server.
// The process is looked up only if the policy wants it.
func newPeer(c net.Conn, number uint64, policy IdentityPolicy) peer {
	return peer{
		Peer: endpoint.PeerOf(c, policy == IdentityPeer),
		conn: fmt.Sprintf("conn %d", number), own: uint32(os.Geteuid()),
	}
}

// nobody is the user of a root peer that names none: a Linux mount attaches so
// before any of its users has done anything, and must not be root by that.
const nobody = 65534

// user says who an attach with this n_uname acts for, and who administers:
//
//	in memory              any user; none named is the server's   root and the server's own user
//	unix, peer is root     any user; none named is nobody         who says root
//	unix, other peer       itself, named or not; EPERM otherwise  the server's own user
//	all others             what it says, which proves nothing     nobody
func (p peer) user(claimed uint32, policy IdentityPolicy) (*tree.User, error) {
	uid, err := p.effective(claimed)
	if err != nil {
		return nil, err
	}
	u := &tree.User{Peer: p.conn, User: device.User{
		Conn: p.conn, Where: p.Where, UID: uid, Claimed: claimed, Vouched: p.Vouched,
	}}
	if policy == IdentityPeer && p.Process != "" {
		u.Peer = p.Process
	}
	switch {
	case p.Memory:
		u.Admin = uid == p.own || uid == 0
	case p.Vouched && p.UID == 0:
		u.Admin = uid == 0
	case p.Vouched:
		u.Admin = uid == p.own
	}
	return u, nil
}

// effective returns the user for whom a claim stands.
func (p peer) effective(claimed uint32) (uint32, error) {
	switch {
	case !p.Vouched:
		return claimed, nil
	case p.Memory && claimed == wire.NoUID:
		return p.UID, nil
	case p.Memory:
		return claimed, nil
	case p.UID == 0 && claimed == wire.NoUID:
		return nobody, nil
	case p.UID == 0:
		return claimed, nil
	case claimed != wire.NoUID && claimed != p.UID:
		return 0, syscall.EPERM
	}
	return p.UID, nil
}

// self is the user whom the transport vouches for.
func (p peer) self() *device.User {
	return &device.User{Conn: p.conn, Where: p.Where, UID: p.UID, Claimed: p.UID, Vouched: p.Vouched}
}
