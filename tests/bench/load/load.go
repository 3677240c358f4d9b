// Package load generates the load of the benchmark: connections that each keep
// a number of requests in flight, as a pipelined client does. As many requests
// as replies arrived go out with one write.
package load

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long replies may take after the end of a run.
const patience = 30 * time.Second

// Result is what one run did.
type Result struct {
	Ops     int           // requests answered
	Elapsed time.Duration // from the first request to the last reply
}

// Rate returns requests a second.
func (r Result) Rate() float64 { return float64(r.Ops) / r.Elapsed.Seconds() }

// Run loads all connections at the same time for about that long: at its end
// nothing new is sent, and what is in flight still counts. The connections can
// be used for another run afterwards, unless it failed.
func Run(conns []*Conn, length time.Duration) (Result, error) {
	for _, c := range conns {
		if err := c.setDeadline(time.Now().Add(length + patience)); err != nil {
			return Result{}, err
		}
	}
	var over atomic.Bool
	var ops atomic.Int64
	errs := make([]error, len(conns))
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	ready.Add(len(conns))
	for i, c := range conns {
		done.Go(func() {
			ready.Done()
			<-start
			n, err := c.run(over.Load)
			ops.Add(int64(n))
			errs[i] = err
		})
	}
	ready.Wait()
	begin := time.Now() // before the timer, or a run could seem shorter than asked for
	timer := time.AfterFunc(length, func() { over.Store(true) })
	defer timer.Stop()
	close(start)
	done.Wait()
	return Result{Ops: int(ops.Load()), Elapsed: time.Since(begin)}, errors.Join(errs...)
}
