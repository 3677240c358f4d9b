package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"fullex/p9srv/outside"
)

// AwaitEnd waits until the server has ended the connection, or ctx has ended. It needs no
// requests to notice the end. Before it returns it closes the client. The connection must be
// a socket, on Linux.
func (k *Conn) AwaitEnd(ctx context.Context) error {
	if k.memory != nil {
		return errors.New("wait for the server: it is in this process")
	}
	w, err := watch(k.stream.conn)
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	if err != nil {
		return errors.Join(err, k.Close())
	}
	shut := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { shut <- w.ShutDown() })
	err = w.WaitForEnd()
	if !stop() {
		err = errors.Join(err, <-shut)
	}
	return errors.Join(err, w.Close(), k.Close())
}

// watch returns a descriptor for waiting until the peer ends the connection. Only callers
// that wait for a reply may read the connection itself.
func watch(conn any) (outside.Descriptor, error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return -1, fmt.Errorf("reach the socket: %T has none", conn)
	}
	return outside.Duplicate(c)
}
