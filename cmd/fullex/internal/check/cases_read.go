package check

import (
	"fmt"
	"syscall"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// readSizes are sizes of reads, in bytes. All are refused while there is no value.
var readSizes = []int{1, 2, 3, 4, 5, 8, 4096}

func readCases() []Case {
	cases := []Case{
		emptyCall("read.zero.new", contract.RowReadEmpty, "a read of 0 bytes on a new session is refused with EINVAL", func(*file) {}),
		emptyCall("read.zero.empty", contract.RowReadEmpty, "a read of 0 bytes on an empty deque is refused with EINVAL", func(f *file) { f.capacity(1) }),
		emptyCall("read.zero", contract.RowReadEmpty, "a read of 0 bytes is refused", func(f *file) { f.capacity(1); f.push(2) }),
		claim("read.new", 3, contract.RowNothing, "a read of any size on a new session is refused", func(t *trial) {
			f := t.client().open()
			for _, size := range readSizes {
				f.read(fmt.Sprintf("read of %s on a new session", bytesIn(size)), size, fails(syscall.EACCES))
			}
			f.close()
		}),
		claim("read.empty", 3, contract.RowNothing, "a read on an empty deque is refused", func(t *trial) {
			f := t.client().filled(2)
			f.drained()
			f.push(2)
			f.pop(2)
			f.drained()
			f.finish()
		}),
		claim("read.empty.sizes", 2, contract.RowNothing, "a read of any size on an empty deque is refused", func(t *trial) {
			f := t.client().filled(2)
			for _, size := range readSizes {
				f.read(fmt.Sprintf("read of %s on an empty deque", bytesIn(size)), size, fails(syscall.EACCES))
			}
			f.close()
		}),
		claim("read.empty.refill", 2, contract.RowPop, "a deque that ran empty takes values again", func(t *trial) {
			f := t.client().filled(2)
			for i := int32(0); i < 10; i++ {
				f.push(i)
				f.pop(i)
				f.drained()
			}
			f.close()
		}),
		claim("read.one", 3, contract.RowPop, "a read of 4 bytes pops the leftmost value and returns 4", func(t *trial) {
			f := t.client().filled(3, 2, 4, 6)
			f.finish(2, 4, 6)
		}),
		claim("read.submitted", 1, contract.RowPop, "an asynchronous read returns a value, or is refused and pops nothing", func(t *trial) {
			submitted := func(at int64) func(target.OtherReads, []byte) (int, error) {
				return func(f target.OtherReads, p []byte) (int, error) { return f.Submit(p, at) }
			}
			c := t.client()
			f := c.filled(4, 2, 4, 6)
			left := f.popBy("io_submit", submitted(0), 2, 4, 6)
			c.stat()
			left = f.popBy("io_submit", submitted(4096), left...)
			f.finish(left...)
		}),
		claim("read.sent", 1, contract.RowPop, "sendfile sends a value, or is refused and pops nothing", func(t *trial) {
			f := t.client().filled(4, 2, 4, 6)
			left := f.popBy("sendfile", target.OtherReads.Send, 2, 4, 6)
			left = f.popBy("sendfile", target.OtherReads.Send, left...)
			f.finish(left...)
		}),
		claim("read.kept", 2, contract.RowReadKept, "reads of many bytes lose no value, and reads of 4 bytes return the rest", longThenShort),
	}
	for _, size := range []int{5, 8, 4096} {
		cases = append(cases, claim(fmt.Sprintf("read.long.%d", size), 2, contract.RowPop,
			fmt.Sprintf("a read of %d bytes pops one value and returns 4", size), func(t *trial) {
				f := t.client().filled(3, 2, 4, 6)
				subject := fmt.Sprintf("read of %d bytes on a deque that is not empty", size)
				f.popLong(subject, size, 2)
				f.pop(4)
				f.popLong(subject, size, 6)
				f.finish()
			}))
	}
	for _, size := range []int{1, 2, 3} {
		cases = append(cases, claim(fmt.Sprintf("read.short.%d", size), 2, contract.RowReadShort,
			fmt.Sprintf("a read of %s is refused and pops nothing", bytesIn(size)), func(t *trial) {
				f := t.client().filled(3, 2, 4)
				subject := fmt.Sprintf("read of %s on a deque that is not empty", bytesIn(size))
				f.finish(f.read(subject, size, f.modelWith(2, 4).Read(size)...).Next.Values...)
			}))
	}
	return cases
}

// emptyCall returns the case of a read or write of 0 bytes. The row says which. before
// prepares the session.
func emptyCall(id string, row contract.Row, title string, before func(*file)) Case {
	return claim(id, 1, row, title, func(t *trial) {
		c := t.client()
		t.skipIf(c.Traits.NoEmptyCalls)
		f := c.open()
		before(f)
		if row == contract.RowReadEmpty {
			f.read("read of 0 bytes", 0, fails(syscall.EINVAL))
		} else {
			f.write("write of 0 bytes", nil, fails(syscall.EINVAL))
		}
		f.close()
	})
}

// longThenShort pops half of the values with reads of 400 bytes, and the rest with reads of 4.
func longThenShort(t *trial) {
	f := t.client().filled(contract.MaxCapacity)
	for v := int32(0); v < 40; v += 2 {
		f.push(v)
	}
	for v := int32(0); v < 20; v += 2 {
		f.popLong("read of 400 bytes on a deque that is not empty", contract.MaxCapacity*contract.ValueSize, v)
	}
	for v := int32(20); v < 40; v += 2 {
		f.pop(v)
	}
	f.finish()
}
