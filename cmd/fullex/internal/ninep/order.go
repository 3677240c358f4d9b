package ninep

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"fullex/p9srv/wire"
)

// Order opens a path on a new connection, sends n requests at once, each a Tread of
// the open file, and returns the numbers of the requests, from 0, in the order of
// their replies. Closing the connection ends a wait.
func Order(conn io.ReadWriter, uid uint32, path []string, n int) ([]int, error) {
	const root, file = 1, 2
	for _, m := range [][]byte{
		wire.AppendVersion(nil, wire.Tversion, 0, 64<<10, wire.Version9P2000L),
		wire.AppendAttach(nil, 0, root, "", uid),
		wire.AppendWalk(nil, 0, root, file, path...),
		wire.AppendOpen(nil, 0, file, syscall.O_RDWR),
	} {
		if _, err := conn.Write(m); err != nil {
			return nil, fmt.Errorf("send a message of type %d: %w", m[4], err)
		}
		reply, err := readReply(conn)
		if err != nil {
			return nil, err
		}
		if err := refusal(reply); err != nil {
			return nil, err
		}
	}
	var all []byte
	for i := range n {
		all = wire.AppendRead(all, uint16(i), file, 0, 4)
	}
	if _, err := conn.Write(all); err != nil {
		return nil, fmt.Errorf("send requests: %w", err)
	}
	var order []int
	for range n {
		reply, err := readReply(conn)
		if err != nil {
			return nil, err
		}
		order = append(order, int(wire.Frame(reply).Tag()))
	}
	return order, nil
}

// readReply reads one message.
func readReply(r io.Reader) ([]byte, error) {
	reply := make([]byte, wire.HeadSize, 64)
	if _, err := io.ReadFull(r, reply); err != nil {
		return nil, fmt.Errorf("read a reply: %w", err)
	}
	size := wire.Size(reply)
	if size < wire.HeadSize || size > 64<<10 {
		return nil, errors.New("read a reply: it has no size that can be")
	}
	reply = append(reply, make([]byte, size-wire.HeadSize)...)
	if _, err := io.ReadFull(r, reply[wire.HeadSize:]); err != nil {
		return nil, fmt.Errorf("read a reply: %w", err)
	}
	return reply, nil
}
