package p9srv

import "fmt"

// IdentityPolicy says who the client of an open through the plain door is. The
// zero value is IdentityUser.
type IdentityPolicy int

const (
	// IdentityUser takes each user of each connection for a client. A Linux
	// mount is one connection and attaches once a user.
	IdentityUser IdentityPolicy = iota
	// IdentityPeer takes for a client what the transport vouches for: on unix
	// sockets the connecting process and its user, so that two connections of
	// one program are one client; on vsock the machine and the user that is
	// named. Elsewhere it is IdentityUser. It is meant for programs with a 9P
	// library, not for kernel mounts.
	IdentityPeer
)

// ParseIdentityPolicy takes "user" or "peer".
func ParseIdentityPolicy(s string) (IdentityPolicy, error) {
	switch s {
	case "user":
		return IdentityUser, nil
	case "peer":
		return IdentityPeer, nil
	}
	return 0, fmt.Errorf("identity policy %q: want user or peer", s)
}

// String returns the name that ParseIdentityPolicy takes.
func (p IdentityPolicy) String() string {
	if p == IdentityPeer {
		return "peer"
	}
	return "user"
}
