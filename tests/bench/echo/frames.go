// Package echo has servers that do nothing: they answer every frame with a
// small reply of the same tag and look at nothing else. They are the limits
// that a server in Go can be measured against.
package echo

import (
	"fmt"

	"fullex/tests/bench/wire"
)

// bufferSize is how much is read at a time, as in a server with the largest
// usual msize.
const bufferSize = 64 << 10

// reply is an Rread of four bytes, to be given a tag.
var reply = [wire.RreadSize]byte{0: wire.RreadSize, 4: byte(wire.Rread), wire.HeaderSize: wire.ValueSize}

// appendReplies appends a reply for each whole frame at the start of in and
// returns how much of in that was.
func appendReplies(in, out []byte) (used int, _ []byte, err error) {
	for len(in)-used >= wire.HeaderSize {
		size := wire.Size(in[used:])
		if size < wire.HeaderSize || size > bufferSize {
			return used, out, fmt.Errorf("a frame of size %d", size)
		}
		if size > len(in)-used {
			break
		}
		out = append(out, reply[:]...)
		wire.LE.PutUint16(out[len(out)-wire.RreadSize+5:], wire.Tag(in[used:]))
		used += size
	}
	return used, out, nil
}
