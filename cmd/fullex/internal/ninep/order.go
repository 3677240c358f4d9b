package ninep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// Order opens a path on a new connection, sends n requests at once, each a Tread of
// the open file, and returns the numbers of the requests, from 0, in the order of
// their replies. Closing the connection ends a wait.
func Order(conn io.ReadWriter, uid uint32, path []string, n int) ([]int, error) {
	const root, file = 1, 2
	for _, m := range []message{
		newMessage(tversion).u32(64 << 10).str("9P2000.L"),
		attachMessage(root, uid),
		walkMessage(root, file, path),
		newMessage(tlopen).u32(file).u32(syscall.O_RDWR),
	} {
		if _, err := conn.Write(m.tagged(0)); err != nil {
			return nil, fmt.Errorf("send a message of type %d: %w", m.b[4], err)
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
		all = append(all, newMessage(tread).u32(file).u64(0).u32(4).tagged(uint16(i))...)
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
		order = append(order, int(binary.LittleEndian.Uint16(reply[5:])))
	}
	return order, nil
}

// readReply reads one message.
func readReply(r io.Reader) ([]byte, error) {
	reply := make([]byte, headSize, 64)
	if _, err := io.ReadFull(r, reply); err != nil {
		return nil, fmt.Errorf("read a reply: %w", err)
	}
	size := binary.LittleEndian.Uint32(reply)
	if size < headSize || size > 64<<10 {
		return nil, errors.New("read a reply: it has no size that can be")
	}
	reply = append(reply, make([]byte, size-headSize)...)
	if _, err := io.ReadFull(r, reply[headSize:]); err != nil {
		return nil, fmt.Errorf("read a reply: %w", err)
	}
	return reply, nil
}
