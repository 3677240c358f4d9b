package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"fullex/p9srv"
)

// source is where connections come from: a listener, or one connection that was
// inherited.
type source struct {
	endpoint p9srv.Endpoint
	listener net.Listener
	conn     net.Conn // nil if it is a listener
}

// openAll opens every endpoint, or none. It gives up when ctx ends.
func openAll(ctx context.Context, endpoints []p9srv.Endpoint) ([]source, error) {
	var open []source
	for _, e := range endpoints {
		s, err := openSource(ctx, e)
		if err != nil {
			for _, s := range open {
				err = errors.Join(err, s.close())
			}
			return nil, err
		}
		open = append(open, s)
	}
	return open, nil
}

func openSource(ctx context.Context, e p9srv.Endpoint) (source, error) {
	if e.Network == "fd" {
		l, c, err := e.Inherit()
		return source{endpoint: e, listener: l, conn: c}, err
	}
	l, err := e.Listen(ctx)
	if err != nil {
		return source{}, err
	}
	return source{endpoint: e.At(l.Addr()), listener: l}, nil
}

func (s source) close() error {
	if s.conn != nil {
		return s.conn.Close()
	}
	return s.listener.Close()
}

// serve returns nil when there is nothing more to serve.
func (s source) serve(server *p9srv.Server) error {
	var err error
	if s.conn != nil {
		err = server.ServeConn(s.conn)
	} else {
		err = server.Serve(s.listener)
	}
	if errors.Is(err, p9srv.ErrServerClosed) {
		return nil
	}
	return err
}

// announce prints where the server listens and how to mount that.
func announce(ctx context.Context, w io.Writer, sources []source) {
	for _, s := range sources {
		if s.conn != nil {
			fmt.Fprintf(w, "serving the connection %s\n", s.endpoint)
			continue
		}
		fmt.Fprintf(w, "listening on %s\n  mount it (as root): %s\n", s.endpoint, mountLine(ctx, s.endpoint, "/mnt"))
	}
}
