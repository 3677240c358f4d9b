package faulty

import (
	"time"

	"fullex/p9srv"
)

// delaying is a layer that sends replies later.
type delaying struct {
	p9srv.Processor
	way  p9srv.Way
	time time.Duration
}

// Process implements p9srv.Processor.
func (d delaying) Process(in, out []byte) (used int, _ []byte, err error) {
	start := len(out)
	used, out, err = d.Processor.Process(in, out)
	if len(out) > start {
		wait(d.way, d.time)
	}
	return used, out, err
}

// wait returns after d, or when the server ends its connections.
func wait(way p9srv.Way, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-way.Stopping:
	}
}
