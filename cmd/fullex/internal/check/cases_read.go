package check

import (
	"fmt"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// readSizes are sizes of reads, in bytes. All are refused while there is no value.
var readSizes = []int{1, 2, 3, 4, 5, 8, 4096}

func readCases(c *contract.Contract) []Case {
	cases := []Case{
		emptyCall(c, "read.zero.new", contract.RowReadEmpty, "a read of 0 bytes on a new session is refused with "+c.Refusal(contract.RowReadEmpty), func(*file) {}),
		emptyCall(c, "read.zero.empty", contract.RowReadEmpty, "a read of 0 bytes on an empty deque is refused with "+c.Refusal(contract.RowReadEmpty), func(f *file) { f.capacity(1) }),
		emptyCall(c, "read.zero", contract.RowReadEmpty, "a read of 0 bytes is refused", func(f *file) { f.capacity(1); f.push(2) }),
		claim("read.new", 3, contract.RowReadNew, "a read of any size on a new session is refused", func(t *trial) {
			f := t.client().open()
			for _, size := range readSizes {
				f.read(fmt.Sprintf("read of %s on a new session", bytesIn(size)), size)
			}
			f.close()
		}),
		claim("read.empty", 3, contract.RowNothing, "a read on an empty deque is refused", func(t *trial) {
			f := t.client().filled(2)
			f.drained()
			f.push(2)
			f.pop(1)
			f.drained()
			f.finish()
		}),
		claim("read.empty.sizes", 2, contract.RowNothingSizes, "a read of any size on an empty deque is refused", func(t *trial) {
			f := t.client().filled(2)
			for _, size := range readSizes {
				f.read(fmt.Sprintf("read of %s on an empty deque", bytesIn(size)), size)
			}
			f.close()
		}),
		claim("read.empty.refill", 2, contract.RowPop, "a deque that ran empty takes values again", func(t *trial) {
			f := t.client().filled(2)
			for i := int32(0); i < 10; i++ {
				f.push(i)
				f.pop(1)
				f.drained()
			}
			f.close()
		}),
		claim("read.one", 3, contract.RowPop, "a read of 4 bytes pops the leftmost value and returns 4", func(t *trial) {
			f := t.client().filled(3, 2, 4, 6)
			f.finish()
		}),
		claim("read.submitted", 1, contract.RowPop, "an asynchronous read returns a value, or is refused and pops nothing", func(t *trial) {
			submitted := func(at int64) func(target.OtherReads, []byte) (int, error) {
				return func(f target.OtherReads, p []byte) (int, error) { return f.Submit(p, at) }
			}
			c := t.client()
			f := c.filled(4, 2, 4, 6)
			f.popBy("io_submit", submitted(0))
			c.stat()
			f.popBy("io_submit", submitted(4096))
			f.finish()
		}),
		claim("read.sent", 1, contract.RowPop, "sendfile sends a value, or is refused and pops nothing", func(t *trial) {
			f := t.client().filled(4, 2, 4, 6)
			f.popBy("sendfile", target.OtherReads.Send)
			f.popBy("sendfile", target.OtherReads.Send)
			f.finish()
		}),
		claim("read.kept", 2, contract.RowReadKept, "reads of many bytes lose no value, and reads of 4 bytes return the rest", longThenShort),
	}
	for _, size := range []int{5, 8, 4096} {
		cases = append(cases, claim(fmt.Sprintf("read.long.%d", size), 2, contract.RowPopLong,
			fmt.Sprintf("a read of %d bytes pops one value and returns 4", size), func(t *trial) {
				f := t.client().filled(3, 2, 4, 6)
				subject := fmt.Sprintf("read of %d bytes on a deque that is not empty", size)
				f.popLong(subject, size)
				f.pop(1)
				f.popLong(subject, size)
				f.finish()
			}))
	}
	for _, size := range []int{1, 2, 3} {
		cases = append(cases, claim(fmt.Sprintf("read.short.%d", size), 2, contract.RowReadShort,
			fmt.Sprintf("a read of %s is refused and pops nothing", bytesIn(size)), func(t *trial) {
				f := t.client().filled(3, 2, 4)
				f.read(fmt.Sprintf("read of %s on a deque that is not empty", bytesIn(size)), size)
				f.finish()
			}))
	}
	return cases
}

// emptyCall returns the case of a read or write of 0 bytes. The row says which. before
// prepares the session.
func emptyCall(c *contract.Contract, id string, row contract.Row, title string, before func(*file)) Case {
	return claim(id, 1, row, title, func(t *trial) {
		c := t.client()
		t.skipIf(c.Traits.NoEmptyCalls)
		f := c.open()
		before(f)
		if row == contract.RowReadEmpty {
			f.read("read of 0 bytes", 0)
		} else {
			f.write("write of 0 bytes", nil)
		}
		f.close()
	})
}

// longThenShort pops half of the values with reads of 400 bytes, and the rest with reads of 4.
func longThenShort(t *trial) {
	half := int32(min(10, t.o.Contract.MaxCapacity/2))
	f := t.client().filled(t.o.Contract.MaxCapacity)
	for v := range 2 * half {
		f.push(2 * v)
	}
	for range half {
		f.popLong("read of 400 bytes on a deque that is not empty", contract.MaxCapacity*contract.ValueSize)
	}
	f.finish()
}
