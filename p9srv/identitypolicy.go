package p9srv

import "fmt"

// IdentityPolicy decides which opens through the doors / and /pid belong to the same client.
// Through /pid, the number of the process distinguishes clients, too. The zero value is
// IdentityUser.
type IdentityPolicy int

const (
	// IdentityUser makes each user of each connection a client. A Linux mount is one
	// connection and attaches once for each user.
	IdentityUser IdentityPolicy = iota
	// IdentityPeer makes a client of what the transport vouches for. On a unix socket that
	// is the process of the peer and the user. So two connections of one program are one
	// client. On vsock it is the machine, together with the user that the attach names.
	// Over other transports it means IdentityUser. It is meant for programs with a 9P
	// library, not for mounts.
	IdentityPeer
)

// ParseIdentityPolicy returns the policy that is named "user" or "peer". It returns an error
// for any other name.
func ParseIdentityPolicy(s string) (IdentityPolicy, error) {
	switch s {
	case "user":
		return IdentityUser, nil
	case "peer":
		return IdentityPeer, nil
	}
	return 0, fmt.Errorf("identity policy %q: want user or peer", s)
}

// String returns the name that ParseIdentityPolicy accepts.
func (p IdentityPolicy) String() string {
	if p == IdentityPeer {
		return "peer"
	}
	return "user"
}
