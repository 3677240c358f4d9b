package check

import (
	"fmt"
	"syscall"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// at passes the file to do, which makes a call at an offset. If the file cannot make
// such calls, at skips the trial.
func (f *file) at(offset int64, do func(target.Placed)) {
	if f.isDead() {
		return
	}
	placed, ok := f.file.(target.Placed)
	if !ok {
		f.c.t.skip("this client cannot read or write at an offset")
		return
	}
	do(placed)
}

// pushAt pushes a value with a write at an offset.
func (f *file) pushAt(v int32, offset int64) {
	f.at(offset, func(p target.Placed) {
		call := f.c.t.trace.begin("pwrite64", "%spwrite64(%d, %s, 4, %d", f.c.prefix, f.number, quoted(bytesOf(v)), offset)
		n, err := p.WriteAt(bytesOf(v), offset)
		f.c.t.trace.end(call, ") = %s", returned(n, err))
		if given, ok := f.c.judge(fmt.Sprintf("write of a value at offset %d", offset), n, err, f.model().Write(bytesOf(v))...); ok {
			f.follow(given)
		}
	})
}

// popAt pops the leftmost value with a read at an offset.
func (f *file) popAt(offset int64) {
	f.at(offset, func(p target.Placed) {
		subject := fmt.Sprintf("read of a value at offset %d", offset)
		call := f.c.t.trace.begin("pread64", "%spread64(%d, ", f.c.prefix, f.number)
		b := make([]byte, contract.ValueSize)
		n, err := p.ReadAt(b, offset)
		f.c.t.trace.end(call, "%s, 4, %d) = %s", quoted(b[:min(max(n, 0), len(b))]), offset, returned(n, err))
		if given, ok := f.c.judge(subject, n, err, f.model().Read(len(b))...); ok {
			f.c.judgeData(subject, b, given.Data)
			f.follow(given)
		}
	})
}

// popBy pops the leftmost value with a call that a kernel or a file system may refuse. A
// refused call must pop nothing.
func (f *file) popBy(name string, call func(target.OtherReads, []byte) (int, error)) {
	if f.isDead() {
		return
	}
	other, ok := f.file.(target.OtherReads)
	if !ok {
		f.c.t.skip("this client cannot call %s", name)
		return
	}
	line := f.c.t.trace.begin(name, "%s%s(%d, 4", f.c.prefix, name, f.number)
	b := make([]byte, contract.ValueSize)
	n, err := call(other, b)
	f.c.t.trace.end(line, ") = %s", returned(n, err))
	answers := f.model().Read(len(b))
	for _, refusal := range []syscall.Errno{syscall.EINVAL, syscall.EIO, syscall.ESPIPE, syscall.ENOSYS} {
		answers = append(answers, contract.Answer{Errno: refusal, Next: f.model()})
	}
	if given, ok := f.c.judge(name+" of a value", n, err, answers...); ok {
		f.c.judgeData(name, b, given.Data)
		f.follow(given)
	}
}
