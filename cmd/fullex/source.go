package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"fullex/p9srv"
	"fullex/p9srv/endpoint"
)

// source is where connections come from: a listener, or one inherited connection.
type source struct {
	endpoint endpoint.Endpoint
	listener net.Listener
	conn     net.Conn // nil if it is a listener, or restored
	number   uint64   // of a restored connection; else 0
}

// openAll opens every endpoint, or none. It gives up when ctx ends. Inherited descriptors
// come first: a descriptor that openAll opens itself must not be taken for one of them.
func openAll(ctx context.Context, endpoints []endpoint.Endpoint) ([]source, error) {
	own := func(e endpoint.Endpoint) bool { return !e.IsInherited() }
	endpoints = slices.Concat(
		slices.DeleteFunc(slices.Clone(endpoints), own), slices.DeleteFunc(slices.Clone(endpoints), endpoint.Endpoint.IsInherited))
	var open []source
	for i, e := range endpoints {
		if e.IsInherited() && slices.Contains(endpoints[:i], e) {
			return nil, errors.Join(fmt.Errorf("%s: given twice", e), closeAll(open))
		}
		s, err := openSource(ctx, e)
		if err != nil {
			return nil, errors.Join(err, closeAll(open))
		}
		open = append(open, s)
	}
	return open, nil
}

func closeAll(sources []source) error {
	var errs []error
	for _, s := range sources {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

func openSource(ctx context.Context, e endpoint.Endpoint) (source, error) {
	l, c, err := e.Open(ctx)
	if l != nil {
		e = e.At(l.Addr())
	}
	return source{endpoint: e, listener: l, conn: c}, err
}

func (s source) close() error {
	if s.conn != nil {
		return s.conn.Close()
	}
	return s.listener.Close()
}

// serve serves connections of the source. It returns nil when there is nothing more to serve.
func (s source) serve(server *p9srv.Server) error {
	var err error
	switch {
	case s.number != 0:
		server.AwaitConn(s.number)
	case s.conn != nil:
		err = server.ServeConn(s.conn)
	default:
		err = server.Serve(s.listener)
	}
	if err = ignoreServerClosed(err); err != nil {
		return fmt.Errorf("serve %s: %w", s.endpoint, err)
	}
	return nil
}

// ignoreServerClosed returns err, but nil for the error of a server that was told to end.
func ignoreServerClosed(err error) error {
	if errors.Is(err, p9srv.ErrServerClosed) {
		return nil
	}
	return err
}

// announce prints where the server listens and how to mount it.
func announce(ctx context.Context, w io.Writer, sources []source) {
	for _, s := range sources {
		if s.conn != nil {
			fmt.Fprintf(w, "serving the connection %s\n", s.endpoint)
			continue
		}
		if _, ok := s.endpoint.Device(); ok {
			announceVhost(ctx, w, s.endpoint)
			continue
		}
		fmt.Fprintf(w, "listening on %s\n%s", toCopy(s.endpoint), mountLines(ctx, s.endpoint))
	}
}
