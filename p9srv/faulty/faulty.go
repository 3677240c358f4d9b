// Package faulty plants faults in the way between a server and its clients, for those
// who test their clients. Each is a layer around what answers a connection's messages
// ([p9srv.Server.Layer]).
//
// Messages are delayed and dropped whatever carries them. Replies change places on
// sockets only: elsewhere one comes at a time, or each has a place of its own.
package faulty

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"fullex/device/faults"
	"fullex/p9srv"
)

// OfTheWay returns the faults that [Layer] can plant, in the order of listings.
func OfTheWay() []faults.Fault {
	return []faults.Fault{
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

// flaws are what is wrong with a way. The zero flaws are none.
type flaws struct {
	delay   time.Duration
	drop    int // each that many'th message of a connection ends it; 0: none does
	reorder bool
}

// Layer returns the layer of faults.
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

// around puts a layer for each fault around a connection's processor. That which
// drops is the innermost, as it answers messages one by one.
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
