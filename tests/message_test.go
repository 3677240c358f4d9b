package tests

import (
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// message returns the frame of a 9P message. It does not use the server's package wire,
// because tests also need frames that wire never makes.
func message(typ byte, tag uint16, fields ...[]byte) []byte {
	body := []byte{typ, byte(tag), byte(tag >> 8)}
	for _, field := range fields {
		body = append(body, field...)
	}
	return append(u32(uint32(len(body)+4)), body...)
}

func u32(v uint32) []byte  { return binary.LittleEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte  { return binary.LittleEndian.AppendUint64(nil, v) }
func text(s string) []byte { return append([]byte{byte(len(s)), 0}, s...) }

// readFrame reads one frame, with its size.
func readFrame(t testing.TB, r io.Reader) []byte {
	t.Helper()
	head := make([]byte, 4)
	_, err := io.ReadFull(r, head)
	require.NoError(t, err)
	frame := append(head, make([]byte, binary.LittleEndian.Uint32(head)-4)...)
	_, err = io.ReadFull(r, frame[4:])
	require.NoError(t, err)
	return frame
}
