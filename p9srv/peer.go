package p9srv

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"fullex/device"
	"fullex/p9srv/tree"
	"fullex/p9srv/wire"
)

// peer is who is at the other end of a connection, as far as its transport
// vouches for it. Immutable once made.
type peer struct {
	conn    string // names the connection: "conn 7"
	where   string // for log lines: "unix uid=1000 pid=42", "tcp 127.0.0.1:4711"
	memory  bool   // the other end is in this process, and no socket
	here    bool   // the other end of a unix socket is in this process
	vouched bool   // the transport vouches for uid
	uid     uint32 // the peer's user, if vouched
	process string // the very process or machine, if the transport tells; else ""
	own     uint32 // the server's user
}

// newPeer asks the transport of a new connection, the number'th of its server.
// The process is looked up only if the policy wants it.
func newPeer(c net.Conn, number uint64, policy IdentityPolicy) peer {
	p := peer{conn: fmt.Sprintf("conn %d", number), where: "peer gone", own: uint32(os.Geteuid())}
	if address := c.RemoteAddr(); address != nil { // nil: it was reset before c was made
		p.where = address.Network() + " " + address.String()
	}
	if cid, ok := vsockPeer(c); ok {
		// The hypervisor vouches for the machine, but not for users in it.
		p.where = fmt.Sprintf("vsock cid=%d", cid)
		p.process = p.where
		return p
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		p.memory = p.where == "pipe pipe" // net.Pipe, which no other process can have
		p.vouched = p.memory
		p.uid = p.own
		return p
	}
	cred, err := unixPeer(u, policy == IdentityPeer)
	if err != nil {
		p.where = "unix, peer unknown: " + err.Error()
		return p
	}
	p.vouched, p.uid, p.process = true, cred.uid, cred.process
	p.where = fmt.Sprintf("unix uid=%d pid=%d", cred.uid, cred.pid)
	p.here = int(cred.pid) == os.Getpid()
	return p
}

// credentials are what a unix socket tells of the process that connected it.
type credentials struct {
	uid     uint32
	pid     int32
	process string // names the process for ever: its number is used again, this is not; "": unknown
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
		Conn: p.conn, Where: p.where, UID: uid, Claimed: claimed, Vouched: p.vouched,
	}}
	if policy == IdentityPeer && p.process != "" {
		u.Peer = p.process
	}
	switch {
	case p.memory:
		u.Admin = uid == p.own || uid == 0
	case p.vouched && p.uid == 0:
		u.Admin = uid == 0
	case p.vouched:
		u.Admin = uid == p.own
	}
	return u, nil
}

// effective returns the user for whom a claim stands.
func (p peer) effective(claimed uint32) (uint32, error) {
	switch {
	case !p.vouched:
		return claimed, nil
	case p.memory && claimed == wire.NoUID:
		return p.uid, nil
	case p.memory:
		return claimed, nil
	case p.uid == 0 && claimed == wire.NoUID:
		return nobody, nil
	case p.uid == 0:
		return claimed, nil
	case claimed != wire.NoUID && claimed != p.uid:
		return 0, syscall.EPERM
	}
	return p.uid, nil
}

// self is the user whom the transport vouches for.
func (p peer) self() *device.User {
	return &device.User{Conn: p.conn, Where: p.where, UID: p.uid, Claimed: p.uid, Vouched: p.vouched}
}
