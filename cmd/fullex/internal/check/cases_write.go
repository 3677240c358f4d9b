package check

import (
	"fmt"
	"math"
	"slices"

	"fullex/device/contract"
)

// capacities returns some capacities that a contract allows, and some that it refuses.
func capacities(c *contract.Contract) (allowed, refused []int) {
	for _, n := range []int{c.MinCapacity, c.MinCapacity + 1, c.MaxCapacity} {
		if n <= c.MaxCapacity && !slices.Contains(allowed, n) {
			allowed = append(allowed, n)
		}
	}
	for _, n := range []int{0, c.MinCapacity - 1, c.MaxCapacity + 1, 128, contract.LargestCapacity} {
		if (n < c.MinCapacity || n > c.MaxCapacity) && n <= contract.LargestCapacity && !slices.Contains(refused, n) {
			refused = append(refused, n)
		}
	}
	return allowed, refused
}

func capacityCases(c *contract.Contract) []Case {
	allowed, refused := capacities(c)
	cases := []Case{
		claim("capacity.exact", 3, contract.RowCapacity, "a deque takes as many values as its capacity allows, and no more", manyCapacities),
		claim("capacity.refused", 2, contract.RowCapacityBad, "after a capacity was refused, the session accepts another", func(t *trial) {
			f := t.client().open()
			for _, n := range refused {
				if n == 128 {
					continue
				}
				f.write(fmt.Sprintf("write of the capacity %d", n), []byte{byte(n)})
				f.isNew()
			}
			f.capacity(1)
			f.push(1)
			f.full()
			f.close()
		}),
	}
	for _, n := range allowed {
		cases = append(cases, claim(fmt.Sprintf("capacity.%d", n), 2, contract.RowCapacity,
			fmt.Sprintf("a write of the byte %d sets the capacity and returns 1", n), func(t *trial) {
				f := t.client().filled(n)
				f.drained()
				f.push(2)
				f.pop(1)
				f.close()
			}))
	}
	for _, n := range refused {
		cases = append(cases, claim(fmt.Sprintf("capacity.%d", n), 2, contract.RowCapacityBad,
			fmt.Sprintf("a write of the byte %d is refused and sets no capacity", n), func(t *trial) {
				f := t.client().open()
				f.write(fmt.Sprintf("write of the capacity %d", n), []byte{byte(n)})
				f.isNew()
				f.close()
			}))
	}
	return cases
}

// manyCapacities fills deques of many capacities.
func manyCapacities(t *trial) {
	c := t.client()
	least, most := t.o.Contract.MinCapacity, t.o.Contract.MaxCapacity
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50, 63, 64, 65, 99, most} {
		if n < least || n > most {
			continue
		}
		f := c.filled(n)
		for v := range n {
			f.write(fmt.Sprintf("write of a value to a deque with %d of %d values", v, n), bytesOf(int32(2*v)))
		}
		f.write(fmt.Sprintf("write to a full deque, with %d of %[1]d values,", n), bytesOf(0))
		f.pop(1)
		f.close()
	}
}

func writeCases(c *contract.Contract) []Case {
	cases := []Case{
		emptyCall(c, "write.empty.new", contract.RowWriteEmpty, "a write of 0 bytes to a new session is refused", func(*file) {}),
		emptyCall(c, "write.empty", contract.RowWriteEmpty, "a write of 0 bytes is refused", func(f *file) { f.capacity(1) }),
		emptyCall(c, "write.empty.full", contract.RowWriteEmpty, "a write of 0 bytes to a full deque is refused with "+c.Refusal(contract.RowWriteEmpty), func(f *file) { f.capacity(1); f.push(2) }),
		claim("write.odd", 3, contract.RowPush, "odd values are pushed "+side(c, 1), func(t *trial) {
			pushedThenPopped(t, 1, 3, 5)
		}),
		claim("write.even", 3, contract.RowPush, "even values are pushed "+side(c, 2), func(t *trial) {
			pushedThenPopped(t, 0, 2, 4)
		}),
		claim("write.mixed", 3, contract.RowPush, mixedTitle(c), func(t *trial) {
			pushedThenPopped(t, 1, 2, 3, 4, 5, 6)
		}),
		claim("write.negative", 2, contract.RowPush, "negative odd values are pushed "+side(c, -1), func(t *trial) {
			pushedThenPopped(t, -1, -2, -3, -4)
		}),
		claim("write.extremes", 2, contract.RowPush, "the largest and the smallest value come back, byte for byte", func(t *trial) {
			pushedThenPopped(t, math.MaxInt32, math.MinInt32, math.MinInt32+1, math.MaxInt32-1, 0x01020304, 0x04030201)
		}),
		claim("write.same", 1, contract.RowPush, "values that are in the deque can be pushed again", func(t *trial) {
			pushedThenPopped(t, 2, 2, 7, 7, 2)
		}),
		claim("write.full", 3, contract.RowFull, "a write to a full deque is refused and changes nothing", func(t *trial) {
			f := t.client().filled(3, 1, 2, 3)
			f.full()
			f.write("write of an odd value to a full deque", bytesOf(5))
			f.finish()
		}),
		claim("write.room", 2, contract.RowPush, "a read makes room in a full deque for one value", func(t *trial) {
			f := t.client().filled(2, 2, 4)
			f.full()
			f.pop(1)
			f.push(6)
			f.full()
			f.pop(2)
			f.close()
		}),
		claim("write.around", 2, contract.RowPush, "many more values than its capacity go through a small deque", around),
		claim("write.around.large", 1, contract.RowPush, "more values than its capacity go through the largest deque", aroundLarge),
	}
	for _, size := range []int{2, 3, 4, 5, 8, 4096} {
		cases = append(cases, claim(fmt.Sprintf("write.new.%d", size), 1, contract.RowWriteNew,
			fmt.Sprintf("a write of %d bytes to a new session is refused, and sets no capacity", size), func(t *trial) {
				f := t.client().open()
				f.write(fmt.Sprintf("write of %d bytes to a new session", size), sized(size))
				f.isNew()
				f.capacity(1)
				f.close()
			}))
	}
	for _, size := range []int{1, 2, 3, 5, 8, 4096} {
		cases = append(cases, claim(fmt.Sprintf("write.size.%d", size), 1, contract.RowWriteSize,
			fmt.Sprintf("a write of %s to a deque is refused and changes nothing", bytesIn(size)), func(t *trial) { wrongSize(t, size) }))
	}
	return cases
}

// side returns the end at which a contract pushes v.
func side(c *contract.Contract, v int32) string {
	if c.Order.Left(v) {
		return "left"
	}
	return "right"
}

func mixedTitle(c *contract.Contract) string {
	if c.Order == contract.Parity {
		return "odd and even values go to opposite ends of one deque"
	}
	return "odd and even values go to the same end of one deque"
}

// pushedThenPopped fills a deque and empties it.
func pushedThenPopped(t *trial, pushed ...int32) {
	f := t.client().filled(len(pushed), pushed...)
	f.full()
	f.finish()
}

// sized returns size bytes. One such byte would be a capacity, and four would be a value.
func sized(size int) []byte {
	p := make([]byte, size)
	p[0] = 2
	return p
}

// wrongSize writes size bytes to a deque when it is empty, when it has room and when it is full.
func wrongSize(t *trial, size int) {
	f := t.client().filled(2)
	subject := "write of " + bytesIn(size) + " to "
	f.write(subject+"an empty deque", sized(size))
	f.drained()
	f.push(5)
	f.write(subject+"a deque with room", sized(size))
	f.push(6)
	f.write(subject+"a full deque", sized(size))
	f.finish()
}

// around fills a deque of three from both ends and pops two values, repeatedly.
func around(t *trial) {
	const rounds = 50
	f := t.client().filled(3, 0)
	for i := int32(1); i <= rounds; i++ {
		f.push(2*i, 2*i+1) // odd: left
		f.full()
		f.pop(2)
	}
	f.finish()
}

// aroundLarge fills the largest deque with odd values left of even ones. Each round pops
// the odd ones, replaces the even ones one by one, and pushes the odd ones again.
func aroundLarge(t *trial) {
	half := int32(t.o.Contract.MaxCapacity / 2)
	f := t.client().filled(t.o.Contract.MaxCapacity)
	for v := range half {
		f.push(2*v, 2*v+1)
	}
	f.full()
	for round := range int32(3) {
		f.pop(int(half))
		for v := range half {
			f.pop(1)
			f.push(2 * (v + (round+1)*half))
		}
		for v := range half {
			f.push(2*v + 1)
		}
		f.full()
	}
	f.close()
}
