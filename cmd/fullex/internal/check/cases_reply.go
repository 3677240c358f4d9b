package check

import (
	"path"
	"slices"
	"time"

	"fullex/device/contract"
)

func replyCases() []Case {
	return []Case{
		claim("reply.time", 1, contract.RowReply, "calls return at once: half of them within 10 ms", replyTime),
		claim("reply.order", 1, contract.RowReply, "replies over 9P come in the order of their requests", replyOrder),
	}
}

// soonEnough is how long half of the calls may take. Every machine is faster, even an
// emulated one. A deliberate delay is longer.
const soonEnough = 10 * time.Millisecond

func replyTime(t *trial) {
	c := t.client()
	f := c.filled(1)
	var times []time.Duration
	for range 25 {
		start := time.Now()
		f.push(2)
		pushed := time.Now()
		f.pop(1)
		times = append(times, pushed.Sub(start), time.Since(pushed))
	}
	f.close()
	if t.isOver() {
		return
	}
	slices.Sort(times)
	if median := times[len(times)/2]; median > soonEnough {
		t.fail("half of the calls took %s or more, must take at most %s", median, soonEnough)
	}
}

func replyOrder(t *trial) {
	c := t.client()
	o, ok := c.Opener.(Orderer)
	if !ok {
		t.skip("a client that makes system calls waits for each reply")
		return
	}
	order, err := o.Order(path.Join(string(Each), c.place.name), 16)
	if err != nil {
		t.fail("sending 16 requests at once failed: %v", err)
		return
	}
	if !slices.IsSorted(order) {
		t.fail("replies came in the order %v, must come in the order of the requests", order)
	}
}
