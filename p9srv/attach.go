package p9srv

import (
	"fmt"
	"syscall"
)

// attach answers Tattach: it finds who the user is and which directory the
// aname names, and has the library attach just that. There is no
// authentication, so afid must be NOFID.
func (f *front) attach(m message, out []byte) ([]byte, error) {
	body := cursor(m.body)
	fid, afid := body.u32(), body.u32()
	_, aname := body.str(), body.str()
	claimed := body.u32()
	if afid != noFID {
		return out, syscall.EINVAL
	}
	if err := f.checkNewFID(fid); err != nil {
		return out, err
	}
	user, err := f.peer.user(claimed, f.srv.Identity)
	if err != nil {
		f.log.Warn("attach refused: not this peer's user", "claimed", claimed)
		f.srv.Kernel.Log().PrintFor(f.peer.self(), func() string {
			return fmt.Sprintf("fullex: refused to let uid %d attach as uid %d", f.peer.uid, claimed)
		})
		return out, err
	}
	at, err := resolve(f.srv.Kernel, aname)
	if err != nil {
		return out, err
	}
	file := &file{front: f, node: at, user: user}
	return f.enter(m.typ, m.tag, fid, file, f.attachRequest(m.tag, fid), out)
}

// attachRequest is a Tattach without names: the library would answer one with
// a path with the qid of the root.
func (f *front) attachRequest(tag uint16, fid uint32) []byte {
	b := begin(f.request[:0], tattach, tag)
	b = le.AppendUint32(b, fid)
	b = le.AppendUint32(b, noFID)
	b = appendString(b, "")
	b = appendString(b, "")
	b = le.AppendUint32(b, 0)
	f.request = end(b, 0)
	return f.request
}

// enter has the library make a fid, for the given file, and enters it here if
// the library did.
func (f *front) enter(typ msgType, tag uint16, fid uint32, file *file, request, out []byte) ([]byte, error) {
	start := len(out)
	f.next, f.attached = file, true
	out, err := f.send(request, out)
	if err == nil && succeeded(out[start:], typ) {
		f.putFID(fid, file)
	}
	return out, err
}

// checkNewFID refuses fids that may not be made: the library would replace one
// in use and close its session. EMFILE and ENFILE are for one too many.
func (f *front) checkNewFID(fid uint32) error {
	if fid == noFID || f.fids.get(fid) != nil {
		return syscall.EINVAL
	}
	limits := f.srv.limits
	switch {
	case f.fids.n >= limits.FIDs:
		f.log.Warn("too many fids on this connection", "limit", limits.FIDs)
		return syscall.EMFILE
	case f.srv.fids.Load() >= int64(limits.AllFIDs):
		f.log.Warn("too many fids", "limit", limits.AllFIDs)
		return syscall.ENFILE
	}
	return nil
}

// putFID enters a fid, and counts it if it is new.
func (f *front) putFID(fid uint32, file *file) {
	before := f.fids.n
	f.fids.put(fid, file)
	f.srv.fids.Add(int64(f.fids.n - before))
}

// removeFID frees a fid, if it is there.
func (f *front) removeFID(fid uint32) {
	before := f.fids.n
	f.fids.remove(fid)
	f.srv.fids.Add(int64(f.fids.n - before))
}
