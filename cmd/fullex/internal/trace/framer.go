package trace

import (
	"encoding/binary"

	"fullex/p9srv/wire"
)

// maxFrame is the size of the largest message that is read as a whole, in bytes. No msize is
// that large. Of a larger message only the head is read.
const maxFrame = 16 << 20

// framer cuts one direction of a connection into messages. It keeps the bytes of a message
// that have come, and allocates nothing for bytes that a size only promises.
type framer struct {
	part []byte // what has come of the next message
	skip int64  // bytes that have not come of a message above maxFrame
	lost bool   // a size was impossible, so the start of the next message is unknown
}

// cut calls found for each message that p completes, with the size in its head. Of a
// message above maxFrame, found gets the head as soon as that has come. found must not keep
// the frame.
func (f *framer) cut(p []byte, found func(frame wire.Frame, size uint32)) {
	for len(p) > 0 && !f.lost {
		switch {
		case f.skip > 0:
			n := min(f.skip, int64(len(p)))
			f.skip -= n
			p = p[n:]
		case len(f.part) == 0:
			n := f.take(p, found)
			f.part = append(f.part, p[n:]...)
			return
		default:
			p = f.complete(p, found)
		}
	}
}

// take calls found for the messages at the start of p. It returns how many bytes they have.
func (f *framer) take(p []byte, found func(wire.Frame, uint32)) (used int) {
	for len(p)-used >= wire.HeadSize {
		rest := p[used:]
		size := binary.LittleEndian.Uint32(rest)
		switch {
		case size < wire.HeadSize:
			f.lost = true
			return len(p)
		case size > maxFrame:
			found(rest[:wire.HeadSize], size)
			n := min(int64(size), int64(len(rest)))
			f.skip = int64(size) - n
			used += int(n)
		case int(size) > len(rest):
			return used
		default:
			found(rest[:size], size)
			used += int(size)
		}
	}
	return used
}

// complete moves to the part what its message lacks, and returns the rest of p.
func (f *framer) complete(p []byte, found func(wire.Frame, uint32)) []byte {
	want := wire.HeadSize
	if len(f.part) >= want {
		want = int(binary.LittleEndian.Uint32(f.part)) // take has checked it
	}
	n := min(max(want-len(f.part), 0), len(p))
	f.part = append(f.part, p[:n]...)
	if used := f.take(f.part, found); used > 0 {
		f.part = f.part[:copy(f.part, f.part[used:])]
		if cap(f.part) > keptPart {
			f.part = nil
		}
	}
	return p[n:]
}

// keptPart is the size of the largest buffer that is kept for the next part, in bytes.
const keptPart = 64 << 10
