package p9srv

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/wire"
)

func TestUserOfAnAttach(t *testing.T) {
	const own, stranger = 1000, 2000
	root := peer{own: own, conn: "conn 1", Peer: endpoint.Peer{Vouched: true, UID: 0, Process: "p"}}
	other := peer{own: own, conn: "conn 2", Peer: endpoint.Peer{Vouched: true, UID: stranger, Process: "q"}}
	same := peer{own: own, conn: "conn 5", Peer: endpoint.Peer{Vouched: true, UID: own}}
	tcp := peer{own: own, conn: "conn 3"}
	memory := peer{own: own, conn: "conn 4", Peer: endpoint.Peer{Vouched: true, Memory: true, UID: own}}
	for _, test := range []struct {
		name    string
		peer    peer
		claimed uint32
		policy  IdentityPolicy
		as      string // wanted device.Identity.Peer
		uid     uint32
		admin   bool
		err     error
	}{
		{"root for a user", root, stranger, IdentityUser, "conn 1", stranger, false, nil},
		{"root as root", root, 0, IdentityUser, "conn 1", 0, true, nil},
		{"root for the server's user", root, own, IdentityUser, "conn 1", own, false, nil},
		{"root, no user named", root, wire.NoUID, IdentityUser, "conn 1", nobody, false, nil},
		{"a user as itself", other, stranger, IdentityUser, "conn 2", stranger, false, nil},
		{"a user, no user named", other, wire.NoUID, IdentityUser, "conn 2", stranger, false, nil},
		{"a user as another", other, stranger + 1, IdentityUser, "", 0, false, syscall.EPERM},
		{"a user as root", other, 0, IdentityUser, "", 0, false, syscall.EPERM},
		{"the server's own user, no user named", same, wire.NoUID, IdentityUser, "conn 5", own, true, nil},
		{"the server's own user", same, own, IdentityUser, "conn 5", own, true, nil},
		{"a label", tcp, own, IdentityUser, "conn 3", own, false, nil},
		{"a label of root", tcp, 0, IdentityUser, "conn 3", 0, false, nil},
		{"no label", tcp, wire.NoUID, IdentityUser, "conn 3", wire.NoUID, false, nil},
		{"a process", other, stranger, IdentityPeer, "q", stranger, false, nil},
		{"an unknown process", tcp, 5, IdentityPeer, "conn 3", 5, false, nil},
		{"in memory", memory, stranger, IdentityUser, "conn 4", stranger, false, nil},
		{"in memory, the server's own user", memory, own, IdentityUser, "conn 4", own, true, nil},
		{"in memory, root", memory, 0, IdentityUser, "conn 4", 0, true, nil},
		{"in memory, no user named", memory, wire.NoUID, IdentityUser, "conn 4", own, true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			u, err := test.peer.user(test.claimed, test.policy)
			if test.err != nil {
				assert.Equal(t, test.err, err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.as, u.Peer)
			assert.Equal(t, test.uid, u.UID)
			assert.Equal(t, test.claimed, u.Claimed)
			assert.Equal(t, test.peer.Vouched, u.Vouched)
			assert.Equal(t, test.admin, u.Admin)
		})
	}
}

func TestParseIdentityPolicy(t *testing.T) {
	for _, policy := range []IdentityPolicy{IdentityUser, IdentityPeer} {
		got, err := ParseIdentityPolicy(policy.String())
		require.NoError(t, err)
		assert.Equal(t, policy, got)
	}
	_, err := ParseIdentityPolicy("everybody")
	assert.ErrorContains(t, err, "want user or peer")
}
