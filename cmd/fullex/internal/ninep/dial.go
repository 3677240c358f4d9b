package ninep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"fullex/p9srv/endpoint"
)

// Dial connects to an endpoint, until ctx ends. The error says what is likely where
// nobody listens.
func Dial(ctx context.Context, e endpoint.Endpoint) (net.Conn, error) {
	conn, err := e.Dial(ctx)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
		return nil, fmt.Errorf("%w (is fullex serve running there?)", err)
	}
	return conn, err
}

// Within makes requests on a connection, which is closed if ctx ends meanwhile: the
// library waits for replies without looking at a context, and a connection that is
// gone ends the wait.
func Within(ctx context.Context, conn io.Closer, do func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err := do()
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("no answer, is that a 9P server? %w", ctx.Err())
	}
	return err
}
