package p9srv

import (
	"slices"
	"syscall"

	"fullex/device"
	"fullex/p9srv/wire"
)

// read answers Tread. For a device it writes the value straight into out and allocates
// nothing (BenchmarkReadDepth).
func (f *front) read(m wire.Frame, out []byte) []byte {
	if len(m) != wire.TreadSize {
		return refuse(out, m.Tag(), syscall.EINVAL)
	}
	fid := f.fids.get(le.Uint32(m[wire.HeadSize:]))
	if fid == nil || !fid.Readable() {
		return refuse(out, m.Tag(), syscall.EBADF)
	}
	start := len(out)
	if fid.Session() == nil {
		f.release()
		out, err := f.readText(m, fid, out)
		if err != nil {
			return refuse(out[:start], m.Tag(), err)
		}
		return out
	}
	offset, count := le.Uint64(m[wire.HeadSize+4:]), min(le.Uint32(m[wire.HeadSize+12:]), f.iounit())
	room := int(count)
	if fid.valueSize > 0 {
		room = int(min(count, fid.valueSize))
	}
	end := start + wire.RreadHead + room
	if end > cap(out) {
		out = slices.Grow(out, end-start)
	}
	reply := out[start:end]
	var n int
	var err error
	if count > fid.valueSize || len(fid.follow.pending) > 0 {
		n, err = f.readMore(fid, offset, count, reply[wire.RreadHead:])
	} else {
		n, err = f.hold(fid.Session()).Read(reply[wire.RreadHead:])
	}
	if err != nil {
		return refuse(out, m.Tag(), err)
	}
	putReply(reply, wire.Rread, m, wire.RreadHead+n, n)
	return out[:start+wire.RreadHead+n]
}

// readMore answers a read of more than one value, and a read that may be a follow-up. It
// reads into p. An error of the contract takes precedence over ESPIPE, which only the Linux
// client gets (followup.go).
func (f *front) readMore(fid *fid, offset uint64, count uint32, p []byte) (int, error) {
	if fid.follow.take(offset, count) {
		return 0, nil
	}
	session := f.hold(fid.Session())
	if count > fid.valueSize && fid.losesValues(offset) {
		if err := session.Readable(int(count)); err != nil {
			return 0, err
		}
		return 0, syscall.ESPIPE
	}
	n, err := session.Read(p)
	if f.v9fs && n > 0 && uint32(n) < count && err == nil && fid.asksAgain() {
		fid.follow.expect(offset, count, uint32(n), f.iounit())
	}
	return n, err
}

// write answers Twrite. For a device it allocates nothing (BenchmarkReadDepth). No device may
// accept 0 bytes of a write: the Linux client would repeat the Twrite for ever.
func (f *front) write(m wire.Frame, out []byte) []byte {
	if len(m) < wire.TwriteHead || int(le.Uint32(m[wire.HeadSize+12:])) != len(m)-wire.TwriteHead {
		return refuse(out, m.Tag(), syscall.EINVAL)
	}
	fid := f.fids.get(le.Uint32(m[wire.HeadSize:]))
	if fid == nil || !fid.Writable() {
		return refuse(out, m.Tag(), syscall.EBADF)
	}
	start := len(out)
	if fid.Session() == nil {
		f.release()
		out, err := f.writeText(m, fid, out)
		if err != nil {
			return refuse(out[:start], m.Tag(), err)
		}
		return out
	}
	if fid.valueSize == 0 {
		f.work += controlWork // a write to another device costs more; it may log a line
	}
	n, err := f.hold(fid.Session()).Write(m[wire.TwriteHead:])
	if err != nil {
		return refuse(out, m.Tag(), err)
	}
	if fid.follow.extent != nil {
		fid.follow.extent.reach(le.Uint64(m[wire.HeadSize+4:]), n)
	}
	if start+wire.RwriteSize > cap(out) {
		out = slices.Grow(out, wire.RwriteSize)
	}
	out = out[:start+wire.RwriteSize]
	putReply(out[start:], wire.Rwrite, m, wire.RwriteSize, n)
	return out
}

// putReply writes the head of a reply to m, and the count that begins the body of Rread and
// Rwrite. It writes these 11 bytes into their positions: appending them took a third of the
// time for a message (BenchmarkReadDepth).
func putReply(reply []byte, typ wire.Type, m wire.Frame, size, count int) {
	reply = reply[:wire.RreadHead]
	le.PutUint32(reply, uint32(size))
	reply[4], reply[5], reply[6] = byte(typ), m[5], m[6]
	le.PutUint32(reply[wire.HeadSize:], uint32(count))
}

// hold locks a session and keeps it locked: the next Tread or Twrite mostly is for the same
// session. Every other request releases it, and so does the end of Process.
func (f *front) hold(session *device.Session) device.Held {
	if f.held != session {
		f.change(session)
	}
	return f.holding
}

// change is the slow part of hold, so that the compiler can inline hold.
func (f *front) change(session *device.Session) {
	f.release()
	f.holding, f.held = session.Hold(), session
}

// release unlocks the session that hold has locked.
func (f *front) release() {
	if f.held != nil {
		f.holding.Release()
		f.held = nil
	}
}
