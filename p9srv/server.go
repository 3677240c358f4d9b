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

// Server serves the device tree over 9P2000.L. The exported fields are set
// before the first use and not changed afterwards; the methods are safe for
// concurrent use. The zero Server is ready to use.
type Server struct {
	// Kernel has the modules whose files are served. Nil: a new one, with all
	// modules loaded.
	Kernel *device.Kernel
	// Identity says who the client of an open through the plain door is.
	Identity IdentityPolicy
	// Limits bound what peers can make the server hold.
	Limits Limits
	// Log takes connections at Info, opens at Debug and refusals at Warn. From
	// Info up, ten lines a second of each message are written and the others
	// counted. Nil: nothing is logged.
	Log *slog.Logger
	// Trace, if not nil, is called with a line for every message and every
	// reply, from many goroutines at the same time.
	Trace func(line string)
	// Layer, if not nil, is called for each new connection and put around what
	// answers its messages.
	Layer Layer

	setUp    sync.Once
	limits   Limits        // with defaults; immutable after setUp, as log
	log      *slog.Logger  // throttled
	fids     atomic.Int64  // of all connections
	tree     *tree.Tree    // immutable after setUp
	place    outside.Place // for the connection that is busy alone
	turns    turns         // of connections that use up their shares fast
	buffers  bufferBudget  // of connections that wait for their peers
	freezer  freezer
	accepted atomic.Uint64 // numbers connections
	// stopping ends when connections are made to end; immutable after setUp, as
	// stopped, which ends it.
	stopping context.Context
	stopped  context.CancelFunc

	// mu guards the fields below.
	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	links     map[link]bool  // true: a guest
	guests    int            // of links
	running   sync.WaitGroup // one for each of links and each running Serve
}

// link is a connection, whatever carries it. Its methods are called without a lock
// of the server's, from any goroutine, and may return before the connection has
// ended: it says removeConn then.
type link interface {
	// finish lets it answer what has arrived, and ends it.
	finish() error
	// cut ends it at once.
	cut() error
}

// served is a link with a goroutine of its own, which calls serve.
type served interface {
	link
	// serve answers until the peer leaves or is made to, and frees all.
	serve()
	// refuse frees all instead.
	refuse() error
}

// Serve accepts connections from l and serves each until it ends. It returns
// ErrServerClosed after Shutdown or Close, and otherwise the error that made
// accepting impossible. It closes l. It may be called for several listeners.
//
// A TCP listener that is reachable from other machines is announced with a
// warning: whoever reaches it is let in.
func (s *Server) Serve(l net.Listener) error {
	s.init()
	l = endpoint.Guard(l)
	s.warnIfOpen(l.Addr()) // first: l takes connections already, also if the server is closed by now
	if !s.addListener(l) {
		return errors.Join(ErrServerClosed, ignoreClosed(l.Close()))
	}
	defer s.removeListener(l)
	return s.accept(l)
}

// accept runs until l is closed.
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

// acceptNext accepts one connection and starts to serve it. A freeze lets it return
// without one.
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

// ServeConn serves one connection that somebody else made and returns when it
// has ended and all its sessions are freed. It closes c. It returns
// ErrServerClosed, at once, if the server is closed, and ENFILE if there are as
// many connections as may be.
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

// take makes a link of what was accepted, or closes it and says why. It is ours
// alone, or somebody else has it too and may close it.
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

// Shutdown stops accepting, lets every connection answer what has arrived,
// ends it, and frees its sessions. It returns nil when all that is done. If
// ctx ends before, it closes the connections that are left, which are those
// whose peers do not read, and returns the context's error.
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

// Close stops accepting, closes every connection and waits until all sessions
// are freed.
func (s *Server) Close() error {
	s.init()
	err := s.stop(link.cut)
	s.running.Wait()
	return err
}

// stop marks the server closed, closes its listeners and ends its connections.
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

// startConn serves c in a goroutine of its own, or closes it and says why. It
// does no more than that, so that accepting keeps up with those who connect.
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

// addConn makes room for a connection, or returns ErrServerClosed or ENFILE.
func (s *Server) addConn(c link) error { return s.addLink(c, false) }

// addLink is addConn, also for guests, which have a limit of their own.
func (s *Server) addLink(c link, isGuest bool) error {
	err := s.tryAddLink(c, isGuest)
	switch { // without mu: a log may wait for its reader
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

// Attacher returns the tree that the server serves, as one user has it, for the server
// of hugelgupf/p9 (p9.NewServer), which serves it its own way: without limits, without
// the rules for the Linux client, and with the qid of the root for any aname. u.Conn
// names the client, which may have a device open once.
func (s *Server) Attacher(u device.User) p9.Attacher {
	s.init()
	return s.tree.Attacher(&tree.User{User: u, Peer: u.Conn})
}

// loadedKernel returns a kernel with all modules, which load without error, as
// their names differ.
func loadedKernel() *device.Kernel {
	k := device.NewKernel(device.Modules()...)
	for _, m := range device.Modules() {
		_ = k.Load(m.Name())
	}
	return k
}

// warnIfOpen tells of a listener that other machines can reach.
func (s *Server) warnIfOpen(addr net.Addr) {
	if endpoint.IsExposed(addr) {
		s.log.Warn("reachable from other machines: whoever reaches this address is let in", "address", addr.String())
	}
}

// ignoreClosed drops the errors of what is closed already; a net.Pipe has one
// of its own.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}
