package check

import (
	"sync"

	"fullex/device/contract"
)

// manyClients is how many clients process.many has at once.
const manyClients = 12

func clientCases() []Case {
	return []Case{
		claim("process.own", 3, contract.RowOpen, "two clients have a deque each", func(t *trial) {
			a, b := t.client(), t.other()
			f := a.filled(2, 1)
			g := b.open()
			g.isNew()
			g.capacity(1)
			g.push(7)
			g.full()
			f.push(2)
			f.pop(2)
			g.pop(1)
			f.close()
			g.close()
		}),
		claim("process.close", 2, contract.RowClose, "a close by one client leaves the deque of another as it was", func(t *trial) {
			a, b := t.client(), t.other()
			f, g := a.open(), b.open()
			f.capacity(2)
			g.capacity(2)
			f.push(2, 4)
			g.close()
			f.full()
			g = b.open()
			g.isNew()
			f.pop(2)
			f.close()
			g.close()
		}),
		claim("process.twice", 2, contract.RowOpenTwice, "each of two clients may have the device open once", func(t *trial) {
			a, b := t.client(), t.other()
			t.skipIf(a.Traits.EachOpen)
			f, g := a.open(), b.open()
			a.refuseOpen("second open by the first client")
			b.refuseOpen("second open by the second client")
			f.close()
			b.refuseOpen("second open by the second client, after the first has closed,")
			a.opensNew()
			g.close()
		}),
		claim("process.many", 2, contract.RowOpen, "many clients at once find their own values in their own deques", manyAtOnce),
		claim("process.race", 2, contract.RowOpen, "many clients open and close the device repeatedly, all at the same time", race),
	}
}

// together starts a number of clients, calls do for all of them at the same time, and waits.
func together(t *trial, clients int, do func(i int, c *client)) {
	started := make([]*client, clients)
	for i := range started {
		started[i] = t.other()
	}
	var all sync.WaitGroup
	for i, c := range started {
		all.Go(func() { t.guard(func() { do(i, c) }) })
	}
	all.Wait()
}

// manyAtOnce fills the deque of each client. It reads them when all are full.
func manyAtOnce(t *trial) {
	const values = 20 // in each deque, half of them odd
	var full sync.WaitGroup
	full.Add(manyClients)
	together(t, manyClients, func(i int, c *client) {
		f := c.filled(values)
		first := int32(1000 * i)
		for v := range int32(values) {
			f.push(first + v)
		}
		f.full()
		full.Done()
		full.Wait()
		f.finish()
	})
}

func race(t *trial) {
	const rounds = 25
	together(t, manyClients/2, func(i int, c *client) {
		for n := range int32(rounds) {
			f := c.filled(2, 2*n, int32(i)*2)
			f.full()
			f.pop(1)
			f.close()
		}
	})
}
