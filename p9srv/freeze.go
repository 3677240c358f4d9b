package p9srv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Frozen is a server that stands still: see [Server.Freeze]. Only one goroutine may use it.
type Frozen struct {
	srv   *Server
	conns []*conn
}

// Freeze makes the server stand still: it accepts no connections, and every connection stops
// between two messages. Peers see a pause. Freeze returns when all stand still. Then
// [Frozen.Save] returns what another process needs to go on. If ctx ends before that, and in
// the cases below, the server goes on and the error says why.
//
// Freeze returns an error if the server is closed, is frozen or has a Layer. It also returns
// one if the server serves virtual machines, connections within this process, or connections
// that are not sockets. While the server is frozen, nobody may use its Kernel. Shutdown and
// Close end a frozen server.
func (s *Server) Freeze(ctx context.Context) (*Frozen, error) {
	s.init()
	if s.Layer != nil {
		return nil, errors.New("freeze a server with layers: what they do cannot be carried")
	}
	if !s.freezer.freeze() {
		return nil, errors.New("freeze the server: it is frozen")
	}
	f := &Frozen{srv: s}
	if err := f.stop(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("freeze the server: %w", err), f.Thaw())
	}
	return f, nil
}

// Thaw lets the server go on. The Frozen must not be used afterwards.
func (f *Frozen) Thaw() error {
	var errs []error
	for _, c := range f.conns {
		errs = append(errs, ignoreClosed(c.io.socket.resume()))
	}
	errs = append(errs, f.srv.setAcceptDeadlines(time.Time{}))
	f.srv.freezer.thaw()
	return errors.Join(errs...)
}

// stop makes accepting and all connections stand still.
func (f *Frozen) stop(ctx context.Context) error {
	s := f.srv
	if err := s.checkListeners(); err != nil {
		return err
	}
	if err := s.setAcceptDeadlines(past); err != nil {
		return err
	}
	if err := s.freezer.await(ctx, func() bool { return s.freezer.admits() == 0 }); err != nil {
		return fmt.Errorf("stop accepting: %w", err)
	}
	if err := f.collect(); err != nil {
		return err
	}
	for _, c := range f.conns {
		if err := ignoreClosed(c.io.socket.pause()); err != nil {
			return fmt.Errorf("stop connection %d: %w", c.number, err)
		}
	}
	err := s.freezer.await(ctx, func() bool { return s.freezer.stand() == s.countLinks() })
	if err != nil {
		return fmt.Errorf("stop connections: %d of %d go on: %w", s.countLinks()-s.freezer.stand(), s.countLinks(), err)
	}
	return f.collect() // again, as some have ended
}

// timedListener is a listener that can stop accepting for a while.
type timedListener interface{ SetDeadline(time.Time) error }

// checkListeners returns an error if the connections of a listener cannot be carried to
// another process.
func (s *Server) checkListeners() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		if _, ok := l.(timedListener); !ok {
			return fmt.Errorf("what connects to %s cannot be carried", l.Addr())
		}
	}
	return nil
}

// setAcceptDeadlines sets the deadline of every listener. One that has passed stops
// accepting; the zero time lets it go on.
func (s *Server) setAcceptDeadlines(at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for l := range s.listeners {
		timed, ok := l.(timedListener)
		if !ok {
			continue // checkListeners has refused it
		}
		if err := ignoreClosed(timed.SetDeadline(at)); err != nil {
			errs = append(errs, fmt.Errorf("set the deadline of %s: %w", l.Addr(), err))
		}
	}
	return errors.Join(errs...)
}

// collect sets conns to the connections of the server. It returns an error if one of them
// cannot be carried to another process.
func (f *Frozen) collect() error {
	s := f.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrServerClosed
	}
	f.conns = nil
	for l, isGuest := range s.links {
		c, ok := l.(*conn)
		switch {
		case isGuest:
			return errors.New("virtual machines cannot be carried")
		case !ok:
			return errors.New("connections within the process cannot be carried")
		case c.io.socket.raw == nil:
			return fmt.Errorf("connection %d is not a socket and cannot be carried", c.number)
		}
		f.conns = append(f.conns, c)
	}
	return nil
}

func (s *Server) countLinks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.links)
}

// standStill waits while the server is frozen, if the socket was paused since the last call.
// It returns false if the socket was not paused: then an exceeded deadline is the
// connection's own.
func (c *conn) standStill() bool {
	if !c.io.socket.pausedSince() {
		return false
	}
	c.srv.freezer.standStill()
	if c.srv.stopping.Err() != nil { // Thaw may never be called
		_ = c.io.socket.resume() // the next read returns any error of the socket
	}
	return true
}

// Number returns the number of the connection that serves c. After a restore,
// [Server.AwaitConn] accepts that number. Number returns false if there is no such connection.
func (f *Frozen) Number(c net.Conn) (uint64, bool) {
	for _, own := range f.conns {
		if own.net == c {
			return own.number, true
		}
	}
	return 0, false
}
