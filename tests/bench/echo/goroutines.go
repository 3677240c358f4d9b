package echo

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// ServeGoroutines serves each connection with a goroutine, which reads all that has arrived
// and writes all replies at once. It listens on a unix socket and returns only on an error.
func ServeGoroutines(socket string) error {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		go func() {
			if err := errors.Join(answer(c), c.Close()); err != nil {
				fmt.Fprintln(os.Stderr, "echo:", err)
			}
		}()
	}
}

// answer serves one connection until the peer closes it.
func answer(c net.Conn) error {
	in, fill := make([]byte, bufferSize), 0
	var out []byte
	for {
		n, err := c.Read(in[fill:])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		used, replies, err := appendReplies(in[:fill+n], out[:0])
		if err != nil {
			return err
		}
		if _, err := c.Write(replies); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		fill, out = copy(in, in[used:fill+n]), replies
	}
}
