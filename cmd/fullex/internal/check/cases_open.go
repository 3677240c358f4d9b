package check

import (
	"os"
	"syscall"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

func openCases() []Case {
	return []Case{
		claim("open.new", 3, contract.RowOpen, "open gives a new session, without a capacity", func(t *trial) {
			t.client().opensNew()
		}),
		claim("open.twice", 3, contract.RowOpenTwice, "a second open by the same client is refused", func(t *trial) {
			c := t.single()
			f := c.filled(3, 8)
			c.refuseOpen("second open by the same client")
			c.refuseOpen("third open by the same client")
			f.close()
		}),
		claim("open.twice.new", 2, contract.RowOpenTwice, "a second open is also refused before there is a capacity", func(t *trial) {
			c := t.single()
			f := c.open()
			c.refuseOpen("second open by the same client")
			f.capacity(1)
			f.close()
		}),
		claim("open.twice.untouched", 2, contract.RowOpenTwice, "a refused open leaves the first session as it was", func(t *trial) {
			c := t.single()
			f := c.filled(3, 8, 3, 6)
			c.refuseOpen("second open by the same client")
			f.full()
			f.finish()
		}),
		claim("open.twice.leak", 2, contract.RowOpenTwice, "opens that were refused leave no session behind", refusedOpens),
		claim("open.again", 3, contract.RowOpen, "after a close the same client may open again", func(t *trial) {
			c := t.client()
			for range 5 {
				f := c.filled(2, 1)
				f.close()
			}
		}),
		claim("open.each", 1, contract.RowOpen, "where each open is a client, two opens have two deques", func(t *trial) {
			c := t.client()
			switch {
			case t.o.Contract.SecondOpen == contract.Unchecked:
				t.skip(opensUnchecked)
			case c.Opener != nil && c.Traits.EachOpen == "":
				t.skip("here a client may have the device open only once (see --door each)")
			}
			a, b := c.open(), c.open()
			a.capacity(1)
			b.isNew()
			b.capacity(2)
			a.push(5)
			b.drained()
			a.pop(1)
			a.close()
			b.close()
		}),
	}
}

func refusedOpens(t *trial) {
	const times = 100
	c := t.single()
	f := c.filled(1, 7)
	for range times {
		c.refuseOpen("second open by the same client")
	}
	f.pop(1)
	f.close()
	c.opensNew()
}

func fileCases() []Case {
	return []Case{
		claim("file.kind", 1, contract.RowFile, "the device is a regular file of mode 0666 and size 0", func(t *trial) {
			mode, size := t.client().stat()
			switch {
			case t.isOver():
			case !mode.IsRegular():
				t.fail("the device is a file of kind %s, must be a regular file", mode.Type())
			case mode.Perm() == 0o444 && t.isModule():
				t.note("as the original does, the file has mode 0444")
			case mode.Perm() != 0o666:
				t.fail("the device has mode %#o, must have 0666", mode.Perm())
			}
			if size != 0 {
				t.fail("the device has size %d, must have 0", size)
			}
		}),
		claim("file.flags", 1, contract.RowFile, "O_TRUNC, O_APPEND, O_CREAT and O_NONBLOCK of an open change nothing", openFlags),
		claim("file.truncated", 1, contract.RowFile, "a refused open with O_TRUNC leaves the first session as it was", func(t *trial) {
			c := t.client()
			t.skipIf(c.Traits.NoFlags)
			t.skipIf(c.Traits.EachOpen)
			f := c.filled(2, 4)
			c.refuseOpenWith("second open, with O_TRUNC,", syscall.O_TRUNC)
			f.pop(1)
			f.close()
		}),
		claim("file.change", 1, contract.RowFile, "truncate to 0 and utimes succeed and change nothing", changeByPath),
		claim("file.offsets", 2, contract.RowFile, "the offset of a call means nothing", offsets),
	}
}

func openFlags(t *trial) {
	c := t.client()
	t.skipIf(c.Traits.NoFlags)
	for _, flags := range []int{
		syscall.O_TRUNC, syscall.O_APPEND, syscall.O_CREAT, syscall.O_NONBLOCK,
		syscall.O_CREAT | syscall.O_TRUNC | syscall.O_APPEND,
	} {
		f := c.openAs("open with "+flagNames(os.O_RDWR|flags), os.O_RDWR|flags, succeeds)
		f.isNew()
		f.capacity(2)
		f.drained()
		f.push(2, 4)
		f.full()
		f.pop(2)
		f.close()
	}
}

func changeByPath(t *trial) {
	c := t.client()
	f := c.filled(2, 2)
	c.change("truncate", ", 0", target.Mounted.Truncate)
	c.change("utimes", ", NULL", target.Mounted.Touch)
	f.push(4)
	f.full()
	f.pop(2)
	f.close()
}

func offsets(t *trial) {
	places := []int64{0, 1, 4, 4095, 4096, 1_000_000, 1 << 40}
	f := t.client().filled(2 * len(places))
	for i, at := range places {
		f.pushAt(int32(4*i), at)
		f.push(int32(4*i + 2))
	}
	f.popAt(1 << 40)
	for i := 1; i < 2*len(places); i++ {
		f.popAt(places[i%len(places)])
	}
	f.finish()
}
