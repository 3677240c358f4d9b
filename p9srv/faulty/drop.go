package faulty

import (
	"errors"

	"fullex/p9srv"
	"fullex/p9srv/wire"
)

// errDropped ends a connection.
var errDropped = errors.New("dropped by a planted fault")

// dropping ends the connection instead of answering a message.
type dropping struct {
	p9srv.Processor
	every    int // that many'th message
	answered int
}

// Process implements p9srv.Processor. It has messages answered one by one, up to that
// which is dropped.
func (d *dropping) Process(in, out []byte) (used int, _ []byte, err error) {
	for {
		message := in[used:][:wholeFrame(in[used:])]
		if len(message) == 0 {
			break // a part of one, or none that can be told
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
		return d.Processor.Process(in, out) // which says what is wrong with it
	}
	return used, out, nil
}

// wholeFrame returns the size of the frame that b begins with, or 0 if that is
// not all there or cannot be.
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
