package p9srv

import (
	"errors"
	"fmt"
	"net"
	"os"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/tree"
	"fullex/p9srv/wire"
)

// restored is what a restored connection begins with.
type restored struct {
	in  []byte // bytes that were read but not answered
	out []byte // replies that were not written
}

// errSaved reports a state that no server can have saved.
var errSaved = errors.New("invalid saved state")

// Restore gives a new server the state of the server that was saved, and serves its
// connections. Its Kernel must be new and have the same modules, with none of them loaded.
// open returns the connection of a descriptor. If open fails, Restore logs the error and ends
// that connection. After any other error, the server must not be used.
//
// Restore must be called before Serve, Connect and ServeConn.
func (s *Server) Restore(saved Saved, open func(descriptor int) (net.Conn, error)) error {
	conns, err := s.rebuild(saved)
	if err != nil {
		return err
	}
	for i, c := range conns {
		if err := s.reconnect(c, saved.Conns[i].Descriptor, open); err != nil {
			s.log.Error("a connection is lost", "conn", c.number, "error", err)
			c.front.endSession()
		}
	}
	return nil
}

// Check returns an error if Restore would. It opens no connections. The server must not be
// used afterwards.
func (s *Server) Check(saved Saved) error {
	_, err := s.rebuild(saved)
	return err
}

// AwaitConn waits until the restored connection with that number has ended. It returns at
// once if there is none.
func (s *Server) AwaitConn(number uint64) {
	if ended := s.restoredConn(number); ended != nil {
		<-ended
	}
}

func (s *Server) restoredConn(number uint64) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.links {
		if c, ok := l.(*conn); ok && c.number == number {
			return c.ended
		}
	}
	return nil
}

// rebuild restores everything except the sockets of the connections that it returns.
func (s *Server) rebuild(saved Saved) ([]*conn, error) {
	s.init()
	if err := s.Kernel.Restore(saved.Kernel); err != nil {
		return nil, fmt.Errorf("restore the modules: %w", err)
	}
	s.tree.Restore(saved.Tree)
	s.accepted.Store(saved.Accepted)
	var users []*tree.User
	for _, u := range saved.Users {
		users = append(users, u.Restore())
	}
	var conns []*conn
	numbers := make(map[uint64]bool)
	for i := range saved.Conns {
		one := &saved.Conns[i]
		if one.Number == 0 || one.Number > saved.Accepted || numbers[one.Number] {
			return nil, fmt.Errorf("%w: connection %d of %d, or two with that number", errSaved, one.Number, saved.Accepted)
		}
		numbers[one.Number] = true
		c, err := s.rebuildConn(one, users)
		if err != nil {
			return nil, fmt.Errorf("restore connection %d: %w", one.Number, err)
		}
		conns = append(conns, c)
	}
	return conns, nil
}

// rebuildConn makes a connection without its socket.
func (s *Server) rebuildConn(saved *SavedConn, users []*tree.User) (*conn, error) {
	if len(saved.In) > maxMsize || saved.Msize > maxMsize || saved.Msize != 0 && saved.Msize < minMsize {
		return nil, fmt.Errorf("%w: msize %d with %d unanswered bytes", errSaved, saved.Msize, len(saved.In))
	}
	p := peer{conn: fmt.Sprintf("conn %d", saved.Number), own: uint32(os.Geteuid()), Peer: endpoint.Peer{
		Where: saved.Peer.Where, Here: saved.Peer.Here, Vouched: saved.Peer.Vouched, UID: saved.Peer.UID, Process: saved.Peer.Process,
	}}
	c := &conn{srv: s, number: saved.Number, ours: saved.Ours, log: s.log.With("conn", saved.Number, "peer", p.Where)}
	c.restored = &restored{in: saved.In, out: saved.Out}
	c.ended = make(chan struct{})
	c.front = front{
		srv: s, peer: p, log: c.log, msize: saved.Msize, v9fs: saved.V9FS, attached: saved.Attached,
		extents: restoredExtents(saved),
	}
	for i := range saved.FIDs {
		if err := c.front.restoreFID(&saved.FIDs[i], users); err != nil {
			return nil, fmt.Errorf("fid %d: %w", saved.FIDs[i].Number, err)
		}
	}
	return c, nil
}

func restoredExtents(saved *SavedConn) extents {
	x := extents{folded: saved.Folded, folds: saved.Folds, idle: len(saved.Extents)}
	for _, e := range saved.Extents {
		x.put(e.Path, &extent{end: e.End})
	}
	x.idle = len(x.byPath)
	return x
}

// restoreFID restores a fid and its session.
func (f *front) restoreFID(saved *SavedFID, users []*tree.User) error {
	switch {
	case f.msize == 0:
		return fmt.Errorf("%w: a fid before a version is agreed", errSaved)
	case saved.Number == wire.NoFID || f.fids.get(saved.Number) != nil:
		return fmt.Errorf("%w: two fids have its number, or it is NOFID", errSaved)
	case saved.User < 0 || saved.User >= len(users):
		return fmt.Errorf("%w: there is no user %d", errSaved, saved.User)
	case len(saved.Pending) > maxPending:
		return fmt.Errorf("%w: %d pending reads, want at most %d", errSaved, len(saved.Pending), maxPending)
	}
	file, err := f.srv.tree.RestoreFile(saved.File, users[saved.User])
	if err != nil {
		return err
	}
	made := f.newFID(file)
	made.statFolds = saved.StatFolds
	if session := made.Session(); session != nil {
		made.valueSize = uint32(session.ValueSize())
	}
	f.textSize += made.TextSize()
	for _, p := range saved.Pending {
		made.follow.pending = append(made.follow.pending, pendingRead{p.Offset, p.Least, p.Most})
	}
	f.putFID(saved.Number, made)
	if !saved.Extent {
		return nil
	}
	if made.Session() == nil || !f.extents.reopened(made) {
		return fmt.Errorf("%w: it has no extent", errSaved)
	}
	return nil
}

// reconnect gives a restored connection its socket and starts to serve it.
func (s *Server) reconnect(c *conn, descriptor int, open func(int) (net.Conn, error)) error {
	socket, err := open(descriptor)
	if err != nil {
		return fmt.Errorf("open descriptor %d: %w", descriptor, err)
	}
	c.net = socket
	c.io.init(socket, s.limits.WriteTimeout)
	if c.io.socket.raw == nil {
		return errors.Join(fmt.Errorf("descriptor %d is not a socket", descriptor), socket.Close())
	}
	c.become(c.front)
	c.keepAlive()
	if err := s.addConn(c); err != nil {
		return errors.Join(err, socket.Close())
	}
	go func() {
		defer close(c.ended)
		defer s.removeConn(c)
		c.serveOn()
	}()
	return nil
}
