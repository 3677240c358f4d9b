package p9srv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"fullex/device"
	"fullex/p9srv/wire"
)

// Wire is faults of the way between a server and its clients, for those who test
// their clients. It is immutable.
//
// Delayed and dropped are messages whatever carries them; replies change places on
// sockets only, as elsewhere nobody waits for more than one at a time or each has a
// place of its own.
type Wire struct {
	delay   time.Duration
	drop    int // each that many'th message of a connection ends it; 0: none does
	reorder bool
}

// WireFaults returns the faults that [NewWire] can plant.
func WireFaults() []device.Fault {
	return []device.Fault{
		{Name: faultDelay, Param: "=TIME", Sentence: "replies leave so much later, such as 20ms; those that are ready together leave together"},
		{Name: faultReorder, Param: "", Sentence: "replies to requests that are under way together leave in reverse, as far as 9P allows it"},
		{Name: faultDrop, Param: "=N", Sentence: "the Nth message of each connection is not answered, and ends the connection"},
	}
}

const (
	faultDelay   = "delay"
	faultReorder = "reorder"
	faultDrop    = "drop"

	mostDelay = time.Minute
)

// NewWire plants faults of the wire.
func NewWire(faults ...device.Planted) (*Wire, error) {
	w := &Wire{}
	for _, f := range faults {
		if err := w.plant(f); err != nil {
			return nil, fmt.Errorf("%q: %w", f, err)
		}
	}
	return w, nil
}

func (w *Wire) plant(f device.Planted) error {
	var err error
	switch f.Name {
	case faultDelay:
		if w.delay, err = time.ParseDuration(f.Value); err != nil || w.delay <= 0 || w.delay > mostDelay {
			return fmt.Errorf("want a time above 0 and up to %s, such as 20ms", mostDelay)
		}
	case faultDrop:
		if w.drop, err = strconv.Atoi(f.Value); err != nil || w.drop < 1 {
			return errors.New("want a number of messages from 1")
		}
	case faultReorder:
		w.reorder = true
	default:
		return errors.New("it is none of the wire's")
	}
	return nil
}

// errDropped ends a connection that a fault drops.
var errDropped = errors.New("dropped by a planted fault")

// faultyWire is the faults on one connection. It is used as its front is.
type faultyWire struct {
	*Wire
	stopping context.Context // of the server: nobody is made to wait any more
	messages int
}

// setWire gives a new front the faults of its server, if it has any.
func (f *front) setWire() {
	if f.srv.Wire != nil {
		f.wire = &faultyWire{Wire: f.srv.Wire, stopping: f.srv.stopping}
	}
}

// process is processSoundly with faults.
func (w *faultyWire) process(f *front, in, out []byte) (used int, _ []byte, err error) {
	start := len(out)
	if w.drop > 0 {
		used, out, err = w.processUntilDrop(f, in, out)
	} else {
		used, out, err = f.processSoundly(in, out)
	}
	if w.delay > 0 && len(out) > start {
		wait(w.stopping, w.delay)
	}
	return used, out, err
}

// processUntilDrop has one message after the other answered, up to that which is
// dropped.
func (w *faultyWire) processUntilDrop(f *front, in, out []byte) (used int, _ []byte, err error) {
	for err == nil && len(out) < flushSize {
		rest := in[used:]
		n := wholeFrame(rest)
		if n == 0 { // a part of one, or none that can be told
			break
		}
		if w.messages++; w.messages%w.drop == 0 {
			return used, out, errDropped
		}
		if n, out, err = f.processSoundly(rest[:n], out); n == 0 {
			break
		}
		used += n
	}
	if err == nil && used == 0 {
		return f.processSoundly(in, out) // which says what is wrong with it
	}
	return used, out, err
}

// wholeFrame returns the size of the frame that b begins with, or 0 if that is
// not all there or cannot be.
func wholeFrame(b []byte) int {
	if len(b) < wire.HeadSize {
		return 0
	}
	size := le.Uint32(b)
	if size < wire.HeadSize || uint64(size) > uint64(len(b)) {
		return 0
	}
	return int(size)
}

// gatherTime is how long a request waits for others that its client has under way.
const gatherTime = 2 * time.Millisecond

// gather waits for more requests, if replies shall change places.
func (c *conn) gather() {
	if c.front.wire.reorder {
		wait(c.front.wire.stopping, gatherTime)
		c.io.moreNow()
	}
}

// rearrange turns replies around, which a server may send in any order (intro(5)).
// Rversion and Rflush stay where they are: the one begins a session, and before
// the other the reply to what was flushed must have left (flush(5)).
func (w *faultyWire) rearrange(replies []byte) {
	if !w.reorder {
		return
	}
	var run [][]byte
	turned := make([]byte, 0, len(replies))
	leave := func() {
		slices.Reverse(run)
		turned = append(turned, slices.Concat(run...)...)
		run = run[:0]
	}
	for rest := replies; len(rest) > 0; {
		reply := rest[:le.Uint32(rest)]
		rest = rest[len(reply):]
		if typ := wire.Type(reply[4]); typ == wire.Rversion || typ == wire.Rflush {
			leave()
			turned = append(turned, reply...)
			continue
		}
		run = append(run, reply)
	}
	leave()
	copy(replies, turned)
}
