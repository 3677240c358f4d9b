package conformance

import (
	"fmt"
	"time"

	"fullex/tests/wire"
)

// memoryDefects let a client take memory that is never given back, or much of
// it for little.
var memoryDefects = []defect{
	{name: "D4 every name walked is kept", check: manyNames, symptom: "the heap grew"},
	{name: "D5 every name removed is kept, even if it did not exist", check: manyRemoved, symptom: "the heap grew"},
	{name: "D11 a large msize takes memory at once", check: largeMsizes, symptom: "the heap grew"},
	{name: "D12 seven bytes take four megabytes", check: largeHeads, symptom: "the heap grew"},
}

// manyNames walks to names and clunks them.
func manyNames(s *subject) error {
	const batches, batch = 10, 500
	c := s.attached()
	return heapGrowth(func() error {
		for i := range batches {
			var walks, clunks []string
			for j := range batch {
				walks = append(walks, fmt.Sprintf("Twalk 0 %d pid %d full_ex", 1+j, 1_000_000+i*batch+j))
				clunks = append(clunks, fmt.Sprintf("Tclunk %d", 1+j))
			}
			for _, requests := range [][]string{walks, clunks} {
				if err := exchangeAll(c, requests); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// manyRemoved removes names of 60,000 bytes.
func manyRemoved(s *subject) error {
	c := s.attached()
	return heapGrowth(func() error {
		for i := range 100 {
			request := fmt.Sprintf("Tunlinkat 0 repeat:%d:x 0", 60_000+i)
			if _, err := c.Ask(request); err != nil {
				return err
			}
		}
		return nil
	})
}

// largeMsizes agrees the largest msize on some connections and lets them be.
func largeMsizes(s *subject) error {
	return heapGrowth(func() error {
		for range 10 {
			if _, err := s.connect().Ask("Tversion 0xffffffff 9P2000.L"); err != nil {
				return err
			}
		}
		return nil
	})
}

// largeHeads sends heads of frames of 4 MiB, and nothing more.
func largeHeads(s *subject) error {
	var conns []*wire.Conn
	return heapGrowth(func() error {
		for range 10 {
			c := s.connect()
			if err := c.Send("raw 00004000 64 ffff"); err != nil {
				return err
			}
			conns = append(conns, c)
		}
		for _, c := range conns {
			c.Patience = 20 * time.Millisecond
			_, _ = c.Receive() // the end of the connection, or nothing
		}
		return nil
	})
}
