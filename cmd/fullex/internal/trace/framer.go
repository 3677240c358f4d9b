package trace

import (
	"encoding/binary"

	"fullex/p9srv/wire"
)

// maxFrame is the largest message that is kept whole, in bytes: far above every
// msize there is. Of a larger one only the head is looked at.
const maxFrame = 16 << 20

// framer cuts one direction of a connection into messages. It holds what has come
// of a message that is not whole, never what one only promises.
type framer struct {
	part []byte // of a message
	pass int64  // bytes to come of one that is too large
	lost bool   // a size that cannot be: where messages start is not known any more
}

// cut calls found for each message that p makes whole, with the size that it says.
// Of a message above maxFrame found gets the head only, before the rest has come.
// The message is found's until it returns.
func (f *framer) cut(p []byte, found func(frame wire.Frame, size uint32)) {
	for len(p) > 0 && !f.lost {
		switch {
		case f.pass > 0:
			n := min(f.pass, int64(len(p)))
			f.pass -= n
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

// take finds the messages at the start of p and returns how many bytes they have.
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
			f.pass = int64(size) - n
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

// complete adds to the part as much of p as its message lacks, and returns the rest.
func (f *framer) complete(p []byte, found func(wire.Frame, uint32)) []byte {
	want := wire.HeadSize
	if len(f.part) >= want {
		want = int(binary.LittleEndian.Uint32(f.part)) // take has seen it
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

// keptPart is the largest buffer that is kept for the next part, in bytes.
const keptPart = 64 << 10
