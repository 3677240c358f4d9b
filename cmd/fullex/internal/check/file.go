package check

import (
	"encoding/binary"
	"fmt"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// file is a device that a client has open. If the open failed, the methods do nothing,
// because the trial is over.
type file struct {
	c      *client
	file   target.File
	number int // descriptor
	state  *state
}

// isDead reports whether no call may be made.
func (f *file) isDead() bool { return f.file == nil || f.c.t.isOver() }

// state is what a session must be. Its descriptors share it. Calls that are made at the same
// time at one session do not use it.
type state struct{ model contract.Model }

// model returns the session as it must be.
func (f *file) model() contract.Model { return f.state.model }

// follow changes the state to that after an answer.
func (f *file) follow(given contract.Answer) {
	f.state.model = given.Next
	f.state.model.Shared = false
}

// write writes p with one call and returns the answer that the call gave, which must be one
// of the model. subject begins the sentence about a failure: "write to a full deque".
func (f *file) write(subject string, p []byte) contract.Answer {
	return f.try(f.model().Write(p), func(answers ...contract.Answer) (contract.Answer, bool) {
		return f.writeAs(subject, p, answers...)
	})
}

// read reads with one call and returns the answer that the call gave, which must be one of
// the model.
func (f *file) read(subject string, count int) contract.Answer {
	return f.try(f.model().Read(count), func(answers ...contract.Answer) (contract.Answer, bool) {
		return f.readAs(subject, count, answers...)
	})
}

// try makes a call and follows the answer that it gave. A call that the trial passes over
// is not made.
func (f *file) try(answers []contract.Answer, call func(...contract.Answer) (contract.Answer, bool)) contract.Answer {
	if f.isDead() || f.c.t.passesOver(answers[0].Row) {
		return contract.Answer{Next: f.model()}
	}
	given, ok := call(answers...)
	if ok {
		f.follow(given)
	}
	return given
}

// writeAs writes p with one call, which must give one of the answers. It does not use the
// state.
func (f *file) writeAs(subject string, p []byte, answers ...contract.Answer) (given contract.Answer, ok bool) {
	if f.isDead() {
		return given, false
	}
	t := f.c.t
	call := t.trace.begin("write", "%swrite(%d, %s, %d", f.c.prefix, f.number, quoted(p), len(p))
	n, err := f.file.Write(p)
	t.trace.end(call, ") = %s", returned(n, err))
	return f.c.judge(subject, n, err, answers...)
}

// fetch reads with one call. It returns the bytes, the count and the error of the call,
// and judges none of them.
func (f *file) fetch(count int) (p []byte, n int, err error) {
	t := f.c.t
	call := t.trace.begin("read", "%sread(%d, ", f.c.prefix, f.number)
	// Spare capacity: the module reports 4 even if fewer bytes were asked for.
	p = make([]byte, count, count+contract.ValueSize)
	n, err = f.file.Read(p)
	p = p[:min(max(n, 0), count)]
	shown := "0x..."
	if err == nil {
		shown = quoted(p)
	}
	t.trace.end(call, "%s, %d) = %s", shown, count, returned(n, err))
	return p, n, err
}

// readAs reads with one call, which must give one of the answers. It does not use the state.
func (f *file) readAs(subject string, count int, answers ...contract.Answer) (given contract.Answer, ok bool) {
	if f.isDead() {
		return given, false
	}
	p, n, err := f.fetch(count)
	given, ok = f.c.judge(subject, n, err, answers...)
	f.c.judgeData(subject, p, given.Data)
	return given, ok
}

// take pops a value with a read of 4 bytes, which must succeed.
func (f *file) take(subject string) (v int32, ok bool) {
	if f.isDead() {
		return 0, false
	}
	p, n, err := f.fetch(contract.ValueSize)
	if _, ok = f.c.judge(subject, n, err, gives(contract.ValueSize)); ok {
		v = valueOf(p)
	}
	return v, ok
}

// capacity sets the capacity of a new session to n, or to the least above n that the contract
// allows. If there is none, capacity skips the trial.
func (f *file) capacity(n int) {
	c := f.c.t.o.Contract
	if n > c.MaxCapacity {
		f.c.t.skip("the contract allows no capacity of %d", n)
	}
	n = max(n, c.MinCapacity)
	f.write(fmt.Sprintf("write of the capacity %d to a new session", n), []byte{byte(n)})
}

// push pushes values. There must be room for them.
func (f *file) push(values ...int32) {
	for _, v := range values {
		f.write(fmt.Sprintf("write of the value %d with room left", v), bytesOf(v))
	}
}

// pop pops values with reads of 4 bytes. They must be the leftmost ones.
func (f *file) pop(values int) {
	for range values {
		if f.isDead() {
			return
		}
		v := f.model().Values[0]
		got, ok := f.take(fmt.Sprintf("read of the leftmost value, %d,", v))
		if ok && got != v {
			f.c.t.fail("read returned the value %d, must return %d, the leftmost", got, v)
		}
		f.follow(f.model().Read(contract.ValueSize)[0])
	}
}

// popLong pops a value with a read of more than 4 bytes. Where such a read may be refused, a
// read of 4 bytes must pop the value after a refusal.
func (f *file) popLong(subject string, count int) {
	if given := f.read(subject, count); given.Errno != 0 {
		f.pop(1)
	}
}

// drained checks that the deque is empty.
func (f *file) drained() {
	f.read("read on an empty deque", contract.ValueSize)
}

// isNew checks that the session has no capacity.
func (f *file) isNew() {
	f.read("read on a new session", contract.ValueSize)
	f.write("write of a value to a new session", bytesOf(2))
}

// full checks that the deque is full. If the contract allows no capacity as small as the
// case wants, full fills the deque first.
func (f *file) full() {
	for m := f.model(); len(m.Values) < m.Capacity && !f.isDead(); m = f.model() {
		f.push(2)
	}
	f.write("write to a full deque", bytesOf(2))
}

// finish pops all values, checks that no other is left, and closes the file.
func (f *file) finish() {
	f.only()
	f.close()
}

// only pops all values and checks that no other is left.
func (f *file) only() {
	f.pop(len(f.model().Values))
	f.drained()
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

// bytesOf returns the bytes that push v.
func bytesOf(v int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

// valueOf returns the value whose bytes a read returned.
func valueOf(p []byte) int32 { return int32(binary.LittleEndian.Uint32(p)) }

// bytesIn returns a number of bytes in words: "1 byte", "2 bytes".
func bytesIn(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
