package p9srv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Frozen is a server that stands still: see [Server.Freeze]. It is used by one goroutine.
type Frozen struct {
	srv   *Server
	conns []*conn
}

// Freeze makes the server stand still: it accepts nobody, and every connection stops
// between two messages. Peers see a pause. It returns when all stand still, after which
// [Frozen.Save] gives what another process needs to go on. If they do not before ctx
// ends, and in the cases below, the server goes on and the error says why.
//
// A server cannot be frozen that is closed or frozen, has layers, or serves virtual
// machines, connections within this process, or connections that are no sockets. While it
// is frozen nobody may use its Kernel. Shutdown and Close end a frozen server.
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

// Thaw lets the server go on. The Frozen is of no more use.
func (f *Frozen) Thaw() error {
	var errs []error
	for _, c := range f.conns {
		errs = append(errs, ignoreClosed(c.io.socket.resume()))
	}
	errs = append(errs, f.srv.setAcceptDeadlines(time.Time{}))
	f.srv.freezer.thaw()
	return errors.Join(errs...)
}

// stop makes all stand still.
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
	return f.collect() // some have ended
}

// timedListener is a listener that can stop accepting for a while.
type timedListener interface{ SetDeadline(time.Time) error }

// checkListeners returns an error if the server accepts what cannot be carried.
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

// setAcceptDeadlines ends what waits for connections, or lets it wait again.
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

// collect takes all connections, or says which cannot be carried.
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
			return fmt.Errorf("connection %d is no socket and cannot be carried", c.number)
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

// standStill waits if the socket was paused and the server is frozen. It reports false if
// the socket was not paused: a deadline that has passed is the connection's own then.
func (c *conn) standStill() bool {
	if !c.io.socket.pausedSince() {
		return false
	}
	c.srv.freezer.standStill()
	if c.srv.stopping.Err() != nil { // nobody thaws it
		_ = c.io.socket.resume() // what is wrong with the socket, reads find
	}
	return true
}

// Number returns the number of one of the connections, by which [Server.AwaitConn] knows
// it after a restore. It reports false if c is none of the frozen connections.
func (f *Frozen) Number(c net.Conn) (uint64, bool) {
	for _, own := range f.conns {
		if own.net == c {
			return own.number, true
		}
	}
	return 0, false
}
