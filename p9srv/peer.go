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

// peer is what the server knows about the other end of a connection. It is immutable.
type peer struct {
	endpoint.Peer
	conn string // name of the connection, such as "conn 7"
	own  uint32 // user id of the server
}

// newPeer returns the peer of the connection c, which has that number in its server. It looks
// up the peer's process only if the policy needs it.
func newPeer(c net.Conn, number uint64, policy IdentityPolicy) peer {
	return peer{
		Peer: endpoint.PeerOf(c, policy == IdentityPeer),
		conn: fmt.Sprintf("conn %d", number), own: uint32(os.Geteuid()),
	}
}

// nobody is the user of an attach by root that names no user. A Linux mount attaches like
// this before any user has used it. That must not make it root.
const nobody = 65534

// user returns the user of an attach with the n_uname claimed. It returns EPERM if the peer
// may not act for that user.
//
//	transport, peer    user of the attach                      administrator
//	in memory          claimed; without one, the server's own  root and the server's own user
//	unix, root         claimed; without one, nobody            root
//	unix, other user   the peer's user; EPERM for any other    the server's own user
//	all others         claimed, which proves nothing           no user
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

// effective returns the user id that an attach gets with the n_uname claimed.
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

// self returns the user for whom the transport vouches.
func (p peer) self() *device.User {
	return &device.User{Conn: p.conn, Where: p.Where, UID: p.UID, Claimed: p.UID, Vouched: p.Vouched}
}
