package p9srv

import (
	"fmt"
	"math"
	"syscall"

	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/tree"
	"fullex/p9srv/wire"
)

// control answers everything but data. An error becomes Rlerror, in place of what was
// appended.
func (f *front) control(m wire.Frame, out []byte) ([]byte, error) {
	typ := m.Type()
	switch {
	case typ == wire.Tversion:
		return f.version(m, out)
	case f.msize == 0:
		return out, syscall.EPROTO
	case !m.Known() || typ&1 != 0:
		return out, syscall.EOPNOTSUPP // unknown, or a reply sent as a request
	case !m.Fits():
		return out, syscall.EINVAL
	}
	switch typ {
	case wire.Twalk:
		return f.walk(m, out)
	case wire.Tattach:
		return f.attach(m, out)
	case wire.Tflush:
		return wire.AppendEmpty(out, wire.Rflush, m.Tag()), nil
	case wire.Tauth:
		// Nobody has to authenticate. diod says that with this errno, and its
		// tools attach after no other.
		return out, syscall.ENOENT
	case wire.Txattrwalk, wire.Txattrcreate:
		return out, syscall.EOPNOTSUPP
	}
	number := le.Uint32(m.Body()) // every other message starts with a fid
	fid := f.fids.get(number)
	if fid == nil {
		return out, syscall.EBADF
	}
	switch typ {
	case wire.Tlopen:
		return f.open(m, fid, out)
	case wire.Tclunk:
		f.clunk(number, fid)
		return wire.AppendEmpty(out, wire.Rclunk, m.Tag()), nil
	case wire.Tremove: // nothing can be removed, but the fid is clunked all the same (remove(5))
		f.clunk(number, fid)
		return out, syscall.EPERM
	case wire.Tgetattr:
		return f.getattr(m, fid, out)
	case wire.Tsetattr:
		return f.setattr(m, fid, out)
	}
	return f.rare(m, fid, out)
}

// rare answers what mounts seldom send.
func (f *front) rare(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	switch m.Type() {
	case wire.Treaddir:
		return f.readdir(m, fid, out)
	case wire.Tfsync:
		return f.fsync(m, fid, out)
	case wire.Tlock, wire.Tgetlock:
		return f.lock(m, fid, out)
	case wire.Tstatfs:
		return f.statfs(m, fid, out)
	case wire.Treadlink:
		return out, syscall.EINVAL // as readlink(2) of what is not a link
	}
	return out, syscall.EPERM // whatever would change the tree
}

// attach answers Tattach: it finds who the user is and which directory the aname names.
// There is no authentication, so afid must be NOFID.
func (f *front) attach(m wire.Frame, out []byte) ([]byte, error) {
	body := m.Body()
	number, afid := body.U32(), body.U32()
	_, aname := body.Str(), body.Str()
	claimed := body.U32()
	if afid != wire.NoFID {
		return out, syscall.EINVAL
	}
	if err := f.checkNewFID(number); err != nil {
		return out, err
	}
	f.work += openWork
	user, err := f.peer.user(claimed, f.srv.Identity)
	if err != nil {
		f.warn("attach refused: not this peer's user", "claimed", claimed)
		f.srv.Kernel.Log().PrintFor(f.peer.self(), func() string {
			return fmt.Sprintf("fullex: refused to let uid %d attach as uid %d", f.peer.UID, claimed)
		})
		return out, err
	}
	dir, err := f.srv.tree.Attach(user, aname)
	if err != nil {
		return out, err
	}
	f.attached = true
	f.putFID(number, f.newFID(dir))
	start := len(out)
	out = wire.Begin(out, wire.Rattach, m.Tag())
	return wire.End(wire.AppendQID(out, dir.Node().QID()), start), nil
}

// walk answers Twalk. If not all names exist, the reply has the qids of those that do
// and no fid is made; a name that does not exist is an error only if it is the first
// (walk(5)). One that is not allowed is an error anywhere.
func (f *front) walk(m wire.Frame, out []byte) ([]byte, error) {
	names := m.Body()
	number, newNumber, count := names.U32(), names.U32(), int(names.U16())
	from := f.fids.get(number)
	switch {
	case from == nil:
		return out, syscall.EBADF
	case count > maxNames:
		return out, syscall.EINVAL
	case number == newNumber && from.Opened():
		return out, syscall.EBUSY
	}
	if number != newNumber {
		if err := f.checkNewFID(newNumber); err != nil {
			return out, err
		}
	}
	f.work += nameWork * count
	for rest, i := names, 0; i < count; i++ {
		if err := tree.CheckName(rest.Str()); err != nil {
			return out, err
		}
	}
	start := len(out)
	out = wire.AppendU16(wire.Begin(out, wire.Rwalk, m.Tag()), 0)
	to, walked := from.Clone(), 0
	for ; walked < count; walked++ {
		err := to.Step(names.Str())
		if err != nil && walked == 0 {
			return out, err
		}
		if err != nil {
			break
		}
		out = wire.AppendQID(out, to.Node().QID())
	}
	le.PutUint16(out[start+wire.HeadSize:], uint16(walked))
	if walked == count {
		made := f.newFID(to)
		if count == 0 {
			made.statFolds = from.statFolds
		}
		f.putFID(newNumber, made)
	}
	return wire.End(out, start), nil
}

// getattr answers Tgetattr with all attributes, whichever are asked for, and knows the
// Linux client by it, which is told no sizes (followup.go).
func (f *front) getattr(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	body := m.Body()
	body.U32()
	if body.U64() == v9fsMask {
		f.v9fs = true
	}
	ask := p9.AttrMaskAll
	switch {
	case f.v9fs:
		ask.Size, ask.Blocks = false, false
	case fid.Node().IsText():
		f.work += sizeWork + sessionWork*fid.SessionsToMeasure()
	}
	qid, valid, attr, err := fid.GetAttr(ask)
	if err != nil {
		return out, err
	}
	valid.Size, valid.Blocks = true, true // 0, if they were not asked for
	f.extents.stat(fid)
	start := len(out)
	out = wire.AppendU64(wire.Begin(out, wire.Rgetattr, m.Tag()), wire.AttrBits(valid))
	return wire.End(wire.AppendAttr(wire.AppendQID(out, qid), &attr), start), nil
}

// setattr answers Tsetattr, which changes nothing but the size that the Linux client
// believes in.
func (f *front) setattr(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	body := m.Body()
	body.U32()
	valid, size := body.SetAttr()
	if err := fid.SetAttr(valid, p9.SetAttr{Size: size}); err != nil {
		return out, err
	}
	if valid.Size {
		f.extents.reached(f.v9fs, fid, size)
	}
	return wire.AppendEmpty(out, wire.Rsetattr, m.Tag()), nil
}

// readdir answers Treaddir with no more than a reply may hold.
func (f *front) readdir(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	switch {
	case !fid.Node().IsDir():
		return out, syscall.ENOTDIR
	case !fid.Opened():
		return out, syscall.EBADF
	}
	body := m.Body()
	body.U32()
	offset, count := body.U64(), min(body.U32(), f.iounit(), maxListing)
	f.work += listWork
	entries, err := fid.Readdir(offset, count)
	if err != nil {
		return out, err
	}
	start := len(out)
	out = wire.AppendU32(wire.Begin(out, wire.Rreaddir, m.Tag()), 0)
	f.work += entryWork * len(entries)
	for _, entry := range entries {
		out = wire.AppendDirent(out, entry)
	}
	le.PutUint32(out[start+wire.HeadSize:], uint32(len(out)-start-wire.RreadHead))
	return wire.End(out, start), nil
}

// fsync answers Tfsync. Linux sends datasync[4] after the fid, others do not.
func (f *front) fsync(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	if n := len(m.Body()); n != 4 && n != 8 {
		return out, syscall.EINVAL
	}
	if !fid.Opened() {
		return out, syscall.EBADF
	}
	if err := fid.FSync(); err != nil {
		return out, err
	}
	return wire.AppendEmpty(out, wire.Rfsync, m.Tag()), nil
}

// Of lock(5) in diod's protocol.md.
const lockUnlocked = 2 // F_UNLCK

// lock answers Tlock and Tgetlock: everybody gets every lock (tree.File.Lock).
func (f *front) lock(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	if !fid.Opened() {
		return out, syscall.EBADF
	}
	start := len(out)
	out = wire.Begin(out, m.Type()+1, m.Tag())
	if m.Type() == wire.Tlock {
		return wire.End(append(out, byte(p9.LockStatusOK)), start), nil
	}
	out = append(out, lockUnlocked)
	out = append(out, m.Body()[5:]...) // start, length, proc_id and client_id come back
	return wire.End(out, start), nil
}

func (f *front) statfs(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	stat, err := fid.StatFS()
	if err != nil {
		return out, err
	}
	start := len(out)
	return wire.End(wire.AppendStatFS(wire.Begin(out, wire.Rstatfs, m.Tag()), stat), start), nil
}

// readText appends what Tread gets of a text file, in pieces of at most maxListing.
func (f *front) readText(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	body := m.Body()
	body.U32()
	offset, count := body.U64(), min(body.U32(), f.iounit(), maxListing)
	if fid.Node().IsDir() {
		return out, syscall.EISDIR
	}
	if offset > math.MaxInt64 {
		return out, syscall.EINVAL
	}
	start := len(out)
	out = append(out, make([]byte, wire.RreadHead+int(count))...)
	n, err := fid.ReadAt(out[start+wire.RreadHead:], int64(offset))
	if err != nil {
		return out, err
	}
	f.work += textWork + n/textBytes
	putReply(out[start:], wire.Rread, m, wire.RreadHead+n, n)
	return out[:start+wire.RreadHead+n], nil
}

// writeText obeys a Twrite to ctl.
func (f *front) writeText(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	data := m[wire.TwriteHead:]
	if fid.Node().IsControl() {
		f.work += refusalWork
		f.log.Info("ctl", "text", wire.Printable(data), "uid", fid.User().UID)
	}
	n, err := fid.WriteAt(data, 0)
	if err != nil {
		return out, err
	}
	start := len(out)
	return wire.End(wire.AppendU32(wire.Begin(out, wire.Rwrite, m.Tag()), uint32(n)), start), nil
}
