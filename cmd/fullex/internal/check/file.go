package check

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"syscall"
)

// valueSize is the size of a value at the device: an int32, little-endian.
const valueSize = 4

// file is the open device of a client. The calls of one that could not be opened
// do nothing: its trial is over.
type file struct {
	c      *client
	file   File
	number int
}

// isDead says whether no call is to be made.
func (f *file) isDead() bool { return f.file == nil || f.c.t.isOver() }

// write writes p with one call, and says whether what came of it is what is wanted.
// subject is for the sentence about a failure: "write to a full deque".
func (f *file) write(subject string, p []byte, w want) bool {
	n, made, err := f.put(p)
	return made && f.c.judge(subject, n, err, w)
}

// put writes with one call. The error is its errno, which is not judged. made says
// whether there was a call.
func (f *file) put(p []byte) (n int, made bool, err error) {
	if f.isDead() {
		return 0, false, nil
	}
	t := f.c.t
	call := t.trace.begin("write", "%swrite(%d, %s, %d", f.c.prefix, f.number, quoted(p), len(p))
	n, err = f.file.Write(p)
	t.trace.end(call, ") = %s", returned(n, err))
	return n, true, err
}

// fetch reads with one call and returns what came. The error is its errno, which
// is not judged.
func (f *file) fetch(count int) (p []byte, n int, err error) {
	t := f.c.t
	call := t.trace.begin("read", "%sread(%d, ", f.c.prefix, f.number)
	// Spare room behind it: the module may say that it read more than asked for.
	p = make([]byte, count, count+valueSize)
	n, err = f.file.Read(p)
	p = p[:min(max(n, 0), count)]
	shown := "0x..."
	if err == nil {
		shown = quoted(p)
	}
	t.trace.end(call, "%s, %d) = %s", shown, count, returned(n, err))
	return p, n, err
}

// read reads with one call that must be refused.
func (f *file) read(subject string, count int, w want) bool {
	if f.isDead() {
		return false
	}
	_, n, err := f.fetch(count)
	return f.c.judge(subject, n, err, w)
}

// take reads a value with one call of 4 bytes.
func (f *file) take(subject string) (v int32, ok bool) {
	if f.isDead() {
		return 0, false
	}
	p, n, err := f.fetch(valueSize)
	if !f.c.judge(subject, n, err, gives(valueSize)) {
		return 0, false
	}
	return int32(binary.LittleEndian.Uint32(p)), true
}

// capacity sets the capacity.
func (f *file) capacity(n int) {
	f.write(fmt.Sprintf("write of the capacity %d to a new session", n), []byte{byte(n)}, gives(1))
}

// push writes values, for which there is room.
func (f *file) push(values ...int32) {
	for _, v := range values {
		f.write(fmt.Sprintf("write of the value %d with room left", v), bytesOf(v), gives(valueSize))
	}
}

// pop reads values of 4 bytes, which must be these.
func (f *file) pop(values ...int32) {
	for _, v := range values {
		got, ok := f.take(fmt.Sprintf("read of the leftmost value, %d,", v))
		if ok && got != v {
			f.c.t.fail("read returned the value %d, must return %d, the leftmost", got, v)
		}
	}
}

// popLong reads a value with a call for more than 4 bytes. Where such a call may
// be refused the value must still be there.
func (f *file) popLong(subject string, count int, v int32) {
	if f.isDead() {
		return
	}
	p, n, err := f.fetch(count)
	if errno, _ := errnoOf(err); errno == syscall.ESPIPE && f.c.traits.LongReads != "" {
		f.c.t.note("ESPIPE was accepted: " + f.c.traits.LongReads)
		f.pop(v)
		return
	}
	if !f.c.judge(subject, n, err, gives(valueSize)) {
		return
	}
	if got := int32(binary.LittleEndian.Uint32(p)); got != v {
		f.c.t.fail("%s returned the value %d, must return %d, the leftmost", subject, got, v)
	}
}

// popShort reads fewer than 4 bytes of a deque whose leftmost value is v: that is
// refused, and the module pops v, of which it copies as many bytes. It reports
// whether v was popped.
func (f *file) popShort(subject string, count int, v int32) (popped bool) {
	if f.isDead() {
		return false
	}
	p, n, err := f.fetch(count)
	if err != nil || n != valueSize || !f.c.t.isModule() {
		f.c.judge(subject, n, err, fails(syscall.EINVAL))
		return false
	}
	f.c.t.note("as the original does, a read of fewer than 4 bytes popped a value and returned 4")
	if want := bytesOf(v)[:count]; !bytes.Equal(p, want) {
		f.c.t.fail("%s returned the bytes %s, must return %s, of the leftmost value", subject, quoted(p), quoted(want))
	}
	return true
}

// drained checks that nothing is left.
func (f *file) drained() {
	f.read("read on an empty deque", valueSize, fails(syscall.EACCES))
}

// isNew checks that the session has no capacity.
func (f *file) isNew() {
	f.read("read on a new session", valueSize, fails(syscall.EACCES))
	f.write("write of a value to a new session", bytesOf(2), fails(syscall.EACCES))
}

// full checks that a value finds no room.
func (f *file) full() {
	f.write("write to a full deque", bytesOf(2), fails(syscall.EACCES))
}

// close closes the file.
func (f *file) close() {
	if f.isDead() {
		return
	}
	t := f.c.t
	call := t.trace.begin("close", "%sclose(%d", f.c.prefix, f.number)
	err := f.file.Close()
	t.trace.end(call, ") = %s", returned(0, err))
	f.c.fds.free(f.number)
	f.c.judge("close", 0, err, succeeds)
}

// at writes p or reads a value somewhere.
func (f *file) at(offset int64, do func(Placed)) {
	if f.isDead() {
		return
	}
	placed, ok := f.file.(Placed)
	if !ok {
		f.c.t.skip("this client's calls cannot say where")
		return
	}
	do(placed)
}

// pushAt writes a value at an offset.
func (f *file) pushAt(v int32, offset int64) {
	f.at(offset, func(p Placed) {
		call := f.c.t.trace.begin("pwrite64", "%spwrite64(%d, %s, 4, %d", f.c.prefix, f.number, quoted(bytesOf(v)), offset)
		n, err := p.WriteAt(bytesOf(v), offset)
		f.c.t.trace.end(call, ") = %s", returned(n, err))
		f.c.judge(fmt.Sprintf("write of a value at offset %d", offset), n, err, gives(valueSize))
	})
}

// popAt reads a value at an offset.
func (f *file) popAt(v int32, offset int64) {
	f.at(offset, func(p Placed) {
		subject := fmt.Sprintf("read of a value at offset %d", offset)
		call := f.c.t.trace.begin("pread64", "%spread64(%d, ", f.c.prefix, f.number)
		b := make([]byte, valueSize)
		n, err := p.ReadAt(b, offset)
		f.c.t.trace.end(call, "%s, 4, %d) = %s", quoted(b[:max(min(n, valueSize), 0)]), offset, returned(n, err))
		if !f.c.judge(subject, n, err, gives(valueSize)) {
			return
		}
		if got := int32(binary.LittleEndian.Uint32(b)); got != v {
			f.c.t.fail("%s returned the value %d, must return %d, the leftmost", subject, got, v)
		}
	})
}

// bytesOf is a value as the device takes it.
func bytesOf(v int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

// bytesIn is a number of bytes in words.
func bytesIn(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
