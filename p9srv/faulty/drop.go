package faulty

import (
	"errors"

	"fullex/p9srv"
	"fullex/p9srv/wire"
)

// errDropped ends a connection instead of a reply.
var errDropped = errors.New("dropped by a planted fault")

// dropping is a layer that ends the connection instead of answering one message.
type dropping struct {
	p9srv.Processor
	every    int // number of that message, from 1
	answered int // messages so far
}

// Process implements p9srv.Processor. It hands messages to the next processor one by one,
// until it drops one.
func (d *dropping) Process(in, out []byte) (used int, _ []byte, err error) {
	for {
		message := in[used:][:wholeFrame(in[used:])]
		if len(message) == 0 {
			break // a part of a message, or a size that cannot be right
		}
		if (d.answered+1)%d.every == 0 {
			return used, out, errDropped
		}
		var n int
		if n, out, err = d.Processor.Process(message, out); n == 0 || err != nil {
			return used, out, err // enough replies have gathered
		}
		d.answered++
		used += n
	}
	if used == 0 {
		return d.Processor.Process(in, out) // returns an error if the size cannot be right
	}
	return used, out, nil
}

// wholeFrame returns the size of the frame at the start of b. It returns 0 if a part of
// the frame is missing or its size cannot be right.
func wholeFrame(b []byte) int {
	if len(b) < wire.HeadSize {
		return 0
	}
	size := wire.Size(b)
	if size < wire.HeadSize || uint64(size) > uint64(len(b)) {
		return 0
	}
	return int(size)
}
