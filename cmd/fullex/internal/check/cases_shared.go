package check

import (
	"fmt"
	"slices"
	"sync"

	"fullex/device/contract"
)

func sharedCases() []Case {
	return []Case{
		claim("thread.shared", 3, contract.RowShared, "a thread reads and writes a device that another thread has opened", func(t *trial) {
			c := t.client()
			f := c.filled(3, 2)
			_, g := c.thread(1, f)
			if g.pushShared("write by another thread", 4) {
				g.pop(1)
				f.pop(1)
				g.drained()
			} else {
				f.only()
			}
			f.close()
		}),
		claim("thread.open", 2, contract.RowShared, "threads of a process are one client", func(t *trial) {
			c := t.single()
			if t.isModule() {
				t.skip("for the original each thread is a client of its own")
			}
			f := c.open()
			second, _ := c.thread(1, f)
			second.refuseOpen("open by another thread, while the first has the device open,")
			f.isNew()
			f.close()
		}),
		claim("thread.race", 3, contract.RowShared, "threads that share a descriptor lose no value and get none twice", threadRace),
		claim("fork.shared", 3, contract.RowShared, "a forked child reads and writes a device that its parent has opened", func(t *trial) {
			c := t.client()
			f := c.filled(3, 2)
			_, g := c.fork(f)
			if g.pushShared("write by a forked child", 4) {
				g.pop(1)
				g.push(-5)
				f.pop(2)
				g.drained()
			} else {
				f.only()
			}
			g.close()
			f.push(6)
			f.pop(1)
			f.close()
		}),
		claim("fork.outlives", 2, contract.RowShared, "a session ends when the last of its descriptors is closed", forkOutlives),
		claim("fork.own", 2, contract.RowShared, "a forked child that opens the device has a deque of its own", func(t *trial) {
			c := t.client()
			t.skipIf(c.Traits.OneClient)
			f := c.filled(1, 6)
			child, inherited := c.fork(f)
			own := child.open()
			own.isNew()
			own.capacity(1)
			own.push(100)
			f.pop(1)
			own.pop(1)
			own.close()
			inherited.close()
			f.close()
		}),
	}
}

// pushShared pushes a value to a file that another thread or process has opened. It
// reports whether the value was pushed. With the profile Module a refusal is correct,
// too; it leaves the deque as it was.
func (f *file) pushShared(subject string, v int32) (pushed bool) {
	m := f.model()
	m.Shared = true
	given, ok := f.writeAs(subject, bytesOf(v), m.Write(bytesOf(v))...)
	if ok {
		f.follow(given)
	}
	return given.Errno == 0 && ok
}

// threadRace starts threads that each push a value and pop a value, repeatedly. The deque
// is never empty at a pop, because each thread pushes first.
func threadRace(t *trial) {
	const threads, rounds = 6, 40
	c := t.client()
	f := c.filled(threads)
	_, g := c.thread(1, f)
	if !g.pushShared("write by another thread", 2) {
		f.finish()
		return
	}
	f.pop(1)
	taken := make([][]int32, threads)
	var all sync.WaitGroup
	for i := range threads {
		_, g := c.thread(i+1, f)
		all.Go(func() {
			t.guard(func() {
				for n := range rounds {
					v := int32(i*rounds + n)
					g.writeAs(fmt.Sprintf("write of the value %d with room left", v), bytesOf(v), gives(contract.ValueSize))
					v, _ = g.take("read by a thread after its push")
					taken[i] = append(taken[i], v)
				}
			})
		})
	}
	all.Wait()
	f.drained()
	if !t.isOver() {
		t.eachOnce(slices.Concat(taken...))
	}
	f.close()
}

// eachOnce checks that values has 0, 1, 2 and so on, each once, in any order.
func (t *trial) eachOnce(values []int32) {
	slices.Sort(values)
	for i, v := range values {
		if int(v) != i {
			t.fail("of the values 0 to %d that the threads pushed, the reads lost or repeated %d", len(values)-1, min(i, int(v)))
			return
		}
	}
}

func forkOutlives(t *trial) {
	c := t.client()
	f := c.filled(2)
	_, g := c.fork(f)
	if !g.pushShared("write by a forked child", 2) {
		f.only()
		g.close()
		f.close()
		c.opensNew()
		return
	}
	f.close()
	if c.Traits.EachOpen == "" {
		c.refuseOpen("open by the parent, while the child has its session open,")
	}
	g.push(10)
	g.pop(2)
	g.close()
	c.opensNew()
}
