package p9srv

import "syscall"

// control answers everything but data and Tversion: here, or through the
// library. An errno becomes Rlerror; another error ends the connection.
//
// What changes the tree never reaches the library: it takes a lock that stops
// all its connections, and the answer is known.
func (f *front) control(m message, out []byte) ([]byte, error) {
	layout, known := layouts[m.typ]
	if !known || m.typ&1 != 0 {
		return out, syscall.EOPNOTSUPP // unknown, or a reply sent as a request
	}
	if !layout.fits(m.body) {
		return out, syscall.EINVAL
	}
	switch m.typ {
	case tattach:
		return f.attach(m, out)
	case tflush:
		return appendEmpty(out, tflush+1, m.tag), nil
	case tauth:
		// Nobody has to authenticate. diod says that with this errno, and its
		// tools attach after no other.
		return out, syscall.ENOENT
	case txattrwalk, txattrcreate:
		return out, syscall.EOPNOTSUPP
	case twalk:
		return f.walk(m, out)
	}
	file := f.fids.get(le.Uint32(m.body)) // every other layout starts with a fid
	if file == nil {
		return out, syscall.EBADF
	}
	return f.controlFile(m, file, out)
}

// controlFile answers a message about a fid that exists.
func (f *front) controlFile(m message, file *file, out []byte) ([]byte, error) {
	switch m.typ {
	case tlopen:
		return f.open(m, file, out)
	case tgetattr:
		return f.getattr(m, out)
	case treaddir:
		return f.readdir(m, file, out)
	case tclunk:
		return f.clunk(m, out)
	case tremove:
		return f.remove(m, out)
	case tfsync:
		// Linux sends datasync[4] behind the fid, others do not.
		if len(m.body) != 4 && len(m.body) != 8 {
			return out, syscall.EINVAL
		}
		if !file.opened {
			return out, syscall.EBADF
		}
	case tlock, tgetlock:
		return f.lock(m, file, out)
	case treadlink:
		return out, syscall.EINVAL // as readlink(2) of what is no link
	case tlcreate, tsymlink, tmknod, trename, tlink, tmkdir, trenameat, tunlinkat:
		return out, syscall.EPERM
	}
	return f.pass(m, out) // tsetattr, tstatfs, tfsync
}

// pass hands a message to the library as it is and appends its reply.
func (f *front) pass(m message, out []byte) ([]byte, error) {
	return f.send(f.compose(m, m.body), out)
}

// compose writes the request with the body given instead of the client's.
func (f *front) compose(m message, body []byte) []byte {
	b := begin(f.request[:0], m.typ, m.tag)
	b = append(b, body...)
	f.request = end(b, 0)
	return f.request
}

// send lets the library answer a request.
func (f *front) send(request, out []byte) ([]byte, error) {
	out, err := f.library.call(request, out)
	f.next = nil
	return out, err
}

// succeeded says whether the reply at the start of b is the one to a request.
func succeeded(b []byte, request msgType) bool {
	return len(b) >= headerSize && msgType(b[4]) == request+1
}
