package p9srv

import (
	"cmp"
	"fmt"
	"slices"

	"fullex/p9srv/tree"
)

// Save returns the state of the server. With it, [Server.Restore] goes on in another process.
// The error says what cannot be saved. The state contains the numbers of descriptors, which
// stay open. The caller must let these descriptors survive exec(2).
func (f *Frozen) Save() (Saved, error) {
	s := f.srv
	saved := Saved{Tree: s.tree.Save(), Accepted: s.accepted.Load()}
	users := make(map[*tree.User]int)
	sessions := 0
	for _, c := range f.conns {
		conn, err := c.save(func(u *tree.User) int {
			n, ok := users[u]
			if !ok {
				n = len(saved.Users)
				users[u] = n
				saved.Users = append(saved.Users, u.Save())
			}
			return n
		})
		if err != nil {
			return Saved{}, fmt.Errorf("save connection %d: %w", c.number, err)
		}
		saved.Conns = append(saved.Conns, conn)
		sessions += conn.sessions()
	}
	slices.SortFunc(saved.Conns, func(a, b SavedConn) int { return cmp.Compare(a.Number, b.Number) })
	if all := s.Kernel.Sessions(); all != sessions {
		return Saved{}, fmt.Errorf("save the sessions: %d of %d do not belong to a connection of the server", all-sessions, all)
	}
	var err error
	saved.Kernel, err = s.Kernel.Save()
	return saved, err
}

// sessions returns how many fids have a session that has not ended.
func (c *SavedConn) sessions() (n int) {
	for _, f := range c.FIDs {
		if f.File.Session != nil && f.File.Session.Ended == 0 {
			n++
		}
	}
	return n
}

// save returns the state of the connection. user returns the index of a user in Saved.Users.
func (c *conn) save(user func(*tree.User) int) (SavedConn, error) {
	descriptor, err := c.io.socket.descriptor()
	if err != nil {
		return SavedConn{}, fmt.Errorf("find its descriptor: %w", err)
	}
	f := &c.front
	saved := SavedConn{
		Descriptor: descriptor, Number: c.number, Ours: c.ours,
		Peer:  SavedPeer{f.peer.Where, f.peer.Here, f.peer.Vouched, f.peer.UID, f.peer.Process},
		Msize: f.msize, V9FS: f.v9fs, Attached: f.attached,
		In: c.unanswered(), Out: slices.Clone(c.io.unsent),
		Folded: f.extents.folded, Folds: f.extents.folds,
	}
	if left := c.restored; left != nil { // the connection has not begun to serve
		saved.In, saved.Out = left.in, left.out
	}
	for path, e := range f.extents.byPath {
		saved.Extents = append(saved.Extents, SavedExtent{path, e.end})
	}
	slices.SortFunc(saved.Extents, func(a, b SavedExtent) int { return cmp.Compare(a.Path, b.Path) })
	f.fids.each(func(number uint32, fid *fid) {
		if err != nil {
			return
		}
		var one SavedFID
		one, err = fid.save(number)
		one.User = user(fid.User())
		saved.FIDs = append(saved.FIDs, one)
	})
	slices.SortFunc(saved.FIDs, func(a, b SavedFID) int { return cmp.Compare(a.Number, b.Number) })
	return saved, err
}

// unanswered returns the bytes that were read but not answered.
func (c *conn) unanswered() []byte {
	if c.io.buf == nil {
		return slices.Clone(c.io.part)
	}
	return slices.Clone(c.io.arrived()[c.answered:])
}

// save returns the state of the fid without its user.
func (f *fid) save(number uint32) (SavedFID, error) {
	file, err := f.File.Save()
	if err != nil {
		return SavedFID{}, fmt.Errorf("fid %d: %w", number, err)
	}
	saved := SavedFID{Number: number, File: file, StatFolds: f.statFolds, Extent: f.follow.extent != nil}
	for _, p := range f.follow.pending {
		saved.Pending = append(saved.Pending, SavedRead{p.offset, p.lo, p.hi})
	}
	return saved, nil
}
