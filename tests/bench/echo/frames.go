// Package echo has servers that do nothing: they answer every frame with a
// small reply of the same tag and look at nothing else. They are the limits
// that a server in Go can be measured against.
package echo

import (
	"encoding/binary"
	"fmt"

	"fullex/device"
	"fullex/p9srv/wire"
)

// bufferSize is how much is read at a time, as in a server with the largest
// usual msize.
const bufferSize = 64 << 10

// replySize is the size of reply, in bytes.
const replySize = wire.RreadHead + device.ValueSize

// reply is an Rread of four bytes, without its tag.
var reply = [replySize]byte{0: replySize, 4: byte(wire.Rread), wire.HeadSize: device.ValueSize}

// appendReplies appends a reply for each whole frame at the start of in and
// returns how much of in that was.
func appendReplies(in, out []byte) (used int, _ []byte, err error) {
	for len(in)-used >= wire.HeadSize {
		size := int(wire.Size(in[used:]))
		if size < wire.HeadSize || size > bufferSize {
			return used, out, fmt.Errorf("a frame of size %d", size)
		}
		if size > len(in)-used {
			break
		}
		out = append(out, reply[:]...)
		binary.LittleEndian.PutUint16(out[len(out)-replySize+5:], wire.Frame(in[used:]).Tag())
		used += size
	}
	return used, out, nil
}
