package p9srv

import "syscall"

// open answers Tlopen. Flags that mean nothing here, such as O_CREAT, O_TRUNC
// and O_APPEND of an existing file, are taken and do nothing.
func (f *front) open(m message, file *file, out []byte) ([]byte, error) {
	flags := le.Uint32(m.body[4:])
	switch {
	case file.opened, flags&accessMode == accessMode:
		return out, syscall.EINVAL
	case file.node.isDir() && flags&accessMode != readOnly:
		return out, syscall.EISDIR
	}
	return f.pass(m, out)
}

// getattr answers Tgetattr, and knows the Linux client by it.
func (f *front) getattr(m message, out []byte) ([]byte, error) {
	if le.Uint64(m.body[4:]) == v9fsMask {
		f.v9fs, f.plain = true, false
	}
	return f.pass(m, out)
}

// readdir answers Treaddir with no more than a reply may hold: the library
// does not look at msize there.
func (f *front) readdir(m message, file *file, out []byte) ([]byte, error) {
	switch {
	case !file.node.isDir():
		return out, syscall.ENOTDIR
	case !file.opened:
		return out, syscall.EBADF
	}
	var body [16]byte
	copy(body[:], m.body)
	count := min(le.Uint32(body[12:]), f.iounit(), libraryMsize-ioHeaderSize)
	le.PutUint32(body[12:], count)
	return f.send(f.compose(m, body[:]), out)
}

// clunk answers Tclunk. The fid is free afterwards, whatever the reply.
func (f *front) clunk(m message, out []byte) ([]byte, error) {
	out, err := f.pass(m, out)
	f.removeFID(le.Uint32(m.body))
	return out, err
}

// remove answers Tremove: nothing can be removed, but the fid is clunked all
// the same (remove(5)).
func (f *front) remove(m message, out []byte) ([]byte, error) {
	start := len(out)
	out, err := f.clunk(message{typ: tclunk, tag: m.tag, body: m.body}, out)
	if err != nil {
		return out, err
	}
	return out[:start], syscall.EPERM
}

// Of lock(5) in diod's protocol.md.
const (
	lockSuccess  = 0
	lockUnlocked = 2 // F_UNLCK
)

// lock answers Tlock and Tgetlock: everybody gets every lock. Locks of one
// client against itself are its kernel's business, and two clients have two
// sessions.
func (f *front) lock(m message, file *file, out []byte) ([]byte, error) {
	if !file.opened {
		return out, syscall.EBADF
	}
	start := len(out)
	out = begin(out, m.typ+1, m.tag)
	if m.typ == tlock {
		return end(append(out, lockSuccess), start), nil
	}
	out = append(out, lockUnlocked)
	out = append(out, m.body[5:]...) // start, length, proc_id and client_id come back
	return end(out, start), nil
}
