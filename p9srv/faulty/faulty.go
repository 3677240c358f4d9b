// Package faulty plants faults of the way: faults between a server and its clients. People
// use them to test their clients. Each fault is a layer around the [p9srv.Processor] of a
// connection; see [p9srv.Server.Layer].
//
// Replies are delayed and messages dropped on every kind of connection. Replies are
// reordered on sockets only. In memory there is one reply at a time. A virtual machine expects
// each reply in buffers of its own.
package faulty

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"fullex/device/faults"
	"fullex/p9srv"
)

// OfTheWay returns the faults that [Layer] can plant, in the order in which listings show
// them.
func OfTheWay() []faults.Fault {
	return []faults.Fault{
		{Name: faultDelay, Param: "=TIME", Sentence: "replies are sent so much later, such as 20ms; replies that are ready together are sent together"},
		{Name: faultReorder, Param: "", Sentence: "replies to requests in flight together are sent in reverse order, as far as 9P allows it"},
		{Name: faultDrop, Param: "=N", Sentence: "the Nth message of each connection gets no reply and ends the connection"},
	}
}

const (
	faultDelay   = "delay"
	faultReorder = "reorder"
	faultDrop    = "drop"

	mostDelay = time.Minute
)

// flaws are the planted faults with their parameters. The zero flaws are none.
type flaws struct {
	delay   time.Duration
	drop    int // the number of the message that ends each connection, from 1; 0: none
	reorder bool
}

// Layer returns a layer with the planted faults. It returns an error if one of them is not a
// fault of the way or has a bad parameter.
func Layer(planted ...faults.Planted) (p9srv.Layer, error) {
	var f flaws
	for _, p := range planted {
		if err := f.plant(p); err != nil {
			return nil, fmt.Errorf("%q: %w", p, err)
		}
	}
	return f.around, nil
}

func (f *flaws) plant(p faults.Planted) error {
	var err error
	switch p.Name {
	case faultDelay:
		if f.delay, err = time.ParseDuration(p.Value); err != nil || f.delay <= 0 || f.delay > mostDelay {
			return fmt.Errorf("want a time above 0 and up to %s, such as 20ms", mostDelay)
		}
	case faultDrop:
		if f.drop, err = strconv.Atoi(p.Value); err != nil || f.drop < 1 {
			return errors.New("want a number of messages from 1")
		}
	case faultReorder:
		f.reorder = true
	default:
		return errors.New("not a fault of the way")
	}
	return nil
}

// around puts a layer for each fault around a connection's processor p. dropping is the
// innermost layer, as it passes on messages one by one.
func (f flaws) around(p p9srv.Processor, way p9srv.Way) p9srv.Processor {
	if f.drop > 0 {
		p = &dropping{Processor: p, every: f.drop}
	}
	if f.delay > 0 {
		p = delaying{p, way, f.delay}
	}
	if f.reorder && way.More != nil {
		p = reordering{p, way}
	}
	return p
}
