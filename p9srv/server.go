package p9srv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hugelgupf/p9/p9"

	"fullex/device"
	"fullex/p9srv/endpoint"
	"fullex/p9srv/endpoint/accept"
	"fullex/p9srv/endpoint/rights"
	"fullex/p9srv/outside"
	"fullex/p9srv/tree"
)

// ErrServerClosed is returned by [Server.Serve] and [Server.ServeConn] after a
// call to [Server.Shutdown] or [Server.Close].
var ErrServerClosed = errors.New("p9srv: server closed")

// Server serves the device tree over 9P2000.L. The zero Server is ready to use. Set the
// exported fields before the first use and do not change them afterwards. The methods are
// safe for concurrent use.
type Server struct {
	// Kernel contains the modules whose files are served. The default is a new kernel with
	// all modules loaded.
	Kernel *device.Kernel
	// Identity decides which opens through the doors / and /pid belong to the same client.
	Identity IdentityPolicy
	// Limits bound what peers can make the server use.
	Limits Limits
	// Log gets connections at level Info, opens at Debug and refusals at Warn. From Info
	// up, it gets at most ten lines a second with the same text. The server only counts
	// the others. The default is no log.
	Log *slog.Logger
	// Trace, if not nil, is called with a line for every request and every reply. Many
	// goroutines call it at the same time.
	Trace func(line string)
	// Layer, if not nil, is called for each new connection. It returns a Processor around
	// the one that answers the connection's messages.
	Layer Layer

	setUp    sync.Once
	limits   Limits        // with defaults; immutable after setUp
	log      *slog.Logger  // throttled; immutable after setUp
	fids     atomic.Int64  // number of fids of all connections
	tree     *tree.Tree    // immutable after setUp
	place    outside.Place // for the only busy connection
	turns    turns         // of connections that use up their shares fast
	buffers  bufferBudget  // of connections that wait for their peers
	freezer  freezer
	accepted atomic.Uint64 // connections so far; numbers them
	// stopping ends when Shutdown or Close ends the connections. stopped ends it. Both are
	// immutable after setUp.
	stopping context.Context
	stopped  context.CancelFunc

	// mu guards the fields below.
	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	links     map[link]bool  // true: a guest
	guests    int            // number of guests in links
	running   sync.WaitGroup // counts the links and the running calls of Serve
}

// link is a connection of any kind. Any goroutine may call its methods, but not with
// Server.mu locked. They may return before the connection has ended. When it has ended,
// removeConn is called.
type link interface {
	// finish ends the connection after it has answered what arrived.
	finish() error
	// cut ends the connection at once.
	cut() error
}

// served is a link that a goroutine of its own serves.
type served interface {
	link
	// serve answers requests until the connection ends, and frees all its memory.
	serve()
	// refuse closes the connection. It is called instead of serve.
	refuse() error
}

// Serve accepts connections from l and serves each in a goroutine of its own. It returns
// ErrServerClosed after Shutdown or Close, or an error if l can accept no more. It closes l.
// A server may serve several listeners at the same time.
//
// If other machines can reach l over TCP, Serve logs a warning: there is no authentication.
func (s *Server) Serve(l net.Listener) error {
	s.init()
	l = endpoint.Guard(l)
	s.warnIfOpen(l.Addr()) // first: clients can connect to l even if the server is closed by now
	if !s.addListener(l) {
		return errors.Join(ErrServerClosed, ignoreClosed(l.Close()))
	}
	defer s.removeListener(l)
	return s.accept(l)
}

// accept accepts and serves connections until l is closed.
func (s *Server) accept(l net.Listener) error {
	loop := accept.Loop{Listener: l, Failed: func(err error, retry time.Duration) {
		s.log.Error("accept", "error", err, "retry", retry)
	}}
	ours := endpoint.KeepsNone(l)
	for {
		rights.AwaitRoom(s.stopping, l, func() { s.log.Error("accept", "error", rights.ErrFull) })
		if err := s.acceptNext(&loop, ours); err != nil {
			return err
		}
	}
}

// acceptNext accepts one connection and starts to serve it. It returns nil without a
// connection if a freeze begins.
func (s *Server) acceptNext(loop *accept.Loop, ours bool) error {
	s.freezer.admit()
	defer s.freezer.admitted()
	epoch := s.freezer.epoch()
	c, err := loop.Next(epoch)
	switch {
	case err != nil && s.isClosed():
		return ErrServerClosed
	case err != nil && epoch.Err() != nil:
		return nil
	case err != nil:
		return fmt.Errorf("accept on %s: %w", loop.Listener.Addr(), err)
	}
	if err := s.startConn(c, ours); errors.Is(err, ErrServerClosed) {
		return err
	}
	return nil
}

// ServeConn serves the connection c, which the caller has made. It closes c. It returns nil
// when the connection has ended and all its sessions are freed. It returns ErrServerClosed
// at once if the server is closed, and ENFILE if the server has too many connections.
func (s *Server) ServeConn(c net.Conn) error {
	s.init()
	s.freezer.admit()
	served, err := s.take(c, false)
	s.freezer.admitted()
	if err != nil {
		return err
	}
	defer s.removeConn(served)
	served.serve()
	return nil
}

// take makes a link of the accepted connection c. If the server is closed or full, take
// closes c and returns an error. ours means that nobody else has c and may close it.
func (s *Server) take(c net.Conn, ours bool) (served, error) {
	number := s.accepted.Add(1)
	socket, isGuest := c.(endpoint.VhostConn)
	var taken served
	if isGuest {
		taken = newGuest(s, socket, number)
	} else {
		taken = newConn(s, c, number, ours)
	}
	if err := s.addLink(taken, isGuest); err != nil {
		return nil, errors.Join(err, taken.refuse())
	}
	return taken, nil
}

// Shutdown stops accepting. It ends every connection after the requests that have arrived
// are answered, and frees its sessions. It returns nil when all connections have ended. Only
// peers that do not read keep it waiting. If ctx ends first, Shutdown closes their
// connections and returns the error of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.init()
	err := s.stop(link.finish)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.running.Wait()
	}()
	select {
	case <-done:
		return err
	case <-ctx.Done():
		closeErr := s.stop(link.cut)
		<-done
		return errors.Join(ctx.Err(), err, closeErr)
	}
}

// Close stops accepting and closes every connection. It returns when all sessions are freed.
func (s *Server) Close() error {
	s.init()
	err := s.stop(link.cut)
	s.running.Wait()
	return err
}

// stop marks the server as closed, closes its listeners and calls end for each connection.
func (s *Server) stop(end func(link) error) error {
	s.mu.Lock()
	s.closed = true
	listeners, links := slices.Collect(maps.Keys(s.listeners)), slices.Collect(maps.Keys(s.links))
	s.mu.Unlock()
	s.stopped()
	var errs []error
	for _, l := range listeners {
		errs = append(errs, ignoreClosed(l.Close()))
	}
	for _, c := range links {
		errs = append(errs, ignoreClosed(end(c)))
	}
	return errors.Join(errs...)
}

func (s *Server) init() {
	s.setUp.Do(func() {
		s.stopping, s.stopped = context.WithCancel(context.Background())
		s.freezer.init(s.stopping)
		s.listeners = make(map[net.Listener]struct{})
		s.links = make(map[link]bool)
		if s.Kernel == nil {
			s.Kernel = loadedKernel()
		}
		s.tree = tree.New(s.Kernel, time.Now())
		s.limits = s.Limits.withDefaults()
		s.buffers.limit = s.limits.Buffers
		s.log = slog.New(slog.DiscardHandler)
		if s.Log != nil {
			s.log = slog.New(newThrottle(s.Log.Handler()))
		}
	})
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Server) addListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.listeners[l] = struct{}{}
	s.running.Add(1)
	return true
}

func (s *Server) removeListener(l net.Listener) {
	if err := ignoreClosed(l.Close()); err != nil {
		s.log.Error("close the listener", "address", l.Addr().String(), "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	s.running.Done()
}

// startConn serves c in a goroutine of its own, or closes c and returns an error. All other
// work is left to that goroutine, so that the next connection is accepted soon.
func (s *Server) startConn(c net.Conn, ours bool) error {
	served, err := s.take(c, ours)
	if err != nil {
		return err
	}
	go func() {
		defer s.removeConn(served)
		served.serve()
	}()
	return nil
}

// addConn enters a connection that is not a guest. See addLink.
func (s *Server) addConn(c link) error { return s.addLink(c, false) }

// addLink enters a connection into links. It returns ErrServerClosed if the server is
// closed, and ENFILE above the limit; guests have a limit of their own.
func (s *Server) addLink(c link, isGuest bool) error {
	err := s.tryAddLink(c, isGuest)
	switch { // without mu: writing to a log may block
	case !errors.Is(err, syscall.ENFILE):
	case isGuest:
		s.log.Warn("too many virtual machines", "limit", s.limits.Guests)
	default:
		s.log.Warn("too many connections", "limit", s.limits.Conns)
	}
	return err
}

func (s *Server) tryAddLink(c link, isGuest bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrServerClosed
	}
	taken, limit := len(s.links)-s.guests, s.limits.Conns
	if isGuest {
		taken, limit = s.guests, s.limits.Guests
	}
	if taken >= limit {
		return syscall.ENFILE
	}
	s.links[c] = isGuest
	if isGuest {
		s.guests++
	}
	s.running.Add(1)
	return nil
}

func (s *Server) removeConn(c link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.links[c] {
		s.guests--
	}
	delete(s.links, c)
	s.freezer.hint()
	s.running.Done()
}

// Attacher returns the tree of the server, as the user u sees it, for the server of
// hugelgupf/p9 (p9.NewServer). That server has no limits and no rules for the Linux client.
// For any aname, it reports the qid of the root. u.Conn names the client, which may have a
// device open once.
func (s *Server) Attacher(u device.User) p9.Attacher {
	s.init()
	return s.tree.Attacher(&tree.User{User: u, Peer: u.Conn})
}

// loadedKernel returns a kernel with all modules loaded. Load returns no error, as the names
// of the modules differ.
func loadedKernel() *device.Kernel {
	k := device.NewKernel(device.Modules()...)
	for _, m := range device.Modules() {
		_ = k.Load(m.Name())
	}
	return k
}

// warnIfOpen logs a warning if other machines can reach addr.
func (s *Server) warnIfOpen(addr net.Addr) {
	if endpoint.IsExposed(addr) {
		s.log.Warn("reachable from other machines: whoever reaches this address is let in", "address", addr.String())
	}
}

// ignoreClosed returns nil for the error of a connection or listener that is already closed.
// A net.Pipe returns io.ErrClosedPipe.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}
