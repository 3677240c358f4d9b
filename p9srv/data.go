package p9srv

import (
	"syscall"

	"fullex/device"
)

const (
	treadSize  = 4 + 8 + 4 // fid, offset, count
	twriteHead = 4 + 8 + 4 // fid, offset, count; the data follow
	rreadHead  = headerSize + 4
)

// read answers Tread in place: nothing is allocated (BenchmarkReadDepth).
func (f *front) read(m message, out []byte) ([]byte, error) {
	if len(m.body) != treadSize {
		return out, syscall.EINVAL
	}
	file := f.fids.get(le.Uint32(m.body))
	if file == nil || !file.readable() {
		return out, syscall.EBADF
	}
	if file.session == nil {
		f.release()
		return f.readText(m, file, out)
	}
	start := len(out)
	out = append(out, 0, 0, 0, 0, byte(tread+1), byte(m.tag), byte(m.tag>>8), 0, 0, 0, 0)
	offset, count := le.Uint64(m.body[4:]), min(le.Uint32(m.body[12:]), f.iounit())
	room := count
	if file.valueSize > 0 && !file.whole {
		room = min(count, file.valueSize)
	}
	out = append(out, make([]byte, room)...) // allocates nothing but to grow out
	n, err := f.readDevice(file, offset, count, out[start+rreadHead:])
	if err != nil {
		return refuse(out[:start], m.tag, err), nil
	}
	le.PutUint32(out[start+headerSize:], uint32(n))
	return end(out[:start+rreadHead+n], start), nil
}

// readDevice answers a read of count bytes with what fits p. The errors of the
// contract come first, then those that only the Linux client needs
// (followup.go).
func (f *front) readDevice(file *file, offset uint64, count uint32, p []byte) (int, error) {
	if file.follow.take(offset, count) {
		return 0, nil
	}
	session := f.hold(file.session)
	if count > file.valueSize && file.losesValues(offset) {
		if err := session.Readable(int(count)); err != nil {
			return 0, err
		}
		return 0, syscall.ESPIPE
	}
	n, err := session.Read(p)
	if short := n > 0 && uint32(n) < count; short && err == nil && file.asksAgain() {
		file.follow.expect(offset, count, uint32(n), f.iounit())
	}
	return n, err
}

// write answers Twrite in place: nothing is allocated (BenchmarkReadDepth). It
// never answers a count of 0, which makes the Linux client send for ever.
func (f *front) write(m message, out []byte) ([]byte, error) {
	if len(m.body) < twriteHead || int(le.Uint32(m.body[12:])) != len(m.body)-twriteHead {
		return out, syscall.EINVAL
	}
	file := f.fids.get(le.Uint32(m.body))
	if file == nil || !file.writable() {
		return out, syscall.EBADF
	}
	if file.session == nil {
		f.release()
		return f.writeText(m, file, out)
	}
	n, err := f.hold(file.session).Write(m.body[twriteHead:])
	if err != nil {
		return refuse(out, m.tag, err), nil
	}
	if file.follow.extent != nil {
		file.follow.extent.reach(le.Uint64(m.body[4:]), n)
	}
	start := len(out)
	out = append(out, 0, 0, 0, 0, byte(twrite+1), byte(m.tag), byte(m.tag>>8))
	out = le.AppendUint32(out, uint32(n))
	return end(out, start), nil
}

// hold keeps the session of the data message in hand for the next ones, which
// mostly are about the same. Whatever is no data message, and the end of
// process, releases it.
func (f *front) hold(session *device.Session) device.Held {
	if f.held != session {
		f.release()
		f.holding, f.held = session.Hold(), session
	}
	return f.holding
}

func (f *front) release() {
	if f.held != nil {
		f.holding.Release()
		f.held = nil
	}
}

// refuse appends Rlerror for an error.
func refuse(out []byte, tag uint16, err error) []byte {
	return appendError(out, tag, uint32(toLinux(err)))
}
