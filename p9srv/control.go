package p9srv

import (
	"fmt"
	"math"
	"syscall"

	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/tree"
	"fullex/p9srv/wire"
)

// control answers every request except a Tread or Twrite in a 9P session. After an error, the
// caller drops what control has appended and sends Rlerror.
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
		// No client has to authenticate. diod reports that with this errno, and the tools
		// of diod attach after no other errno.
		return out, syscall.ENOENT
	case wire.Txattrwalk, wire.Txattrcreate:
		return out, syscall.EOPNOTSUPP
	}
	number := le.Uint32(m.Body()) // the body of every other request begins with a fid
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
	case wire.Tremove: // no file can be removed, but Tremove clunks the fid anyway (remove(5))
		f.clunk(number, fid)
		return out, syscall.EPERM
	case wire.Tgetattr:
		return f.getattr(m, fid, out)
	case wire.Tsetattr:
		return f.setattr(m, fid, out)
	}
	return f.rare(m, fid, out)
}

// rare answers the requests that mounts seldom send.
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
		return out, syscall.EINVAL // as readlink(2) for a file that is not a link
	}
	return out, syscall.EPERM // all others would change the tree
}

// attach answers Tattach: the new fid is the directory named by aname, for the user that the
// peer may act for. There is no authentication, so afid must be NOFID.
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

// walk answers Twalk. If the first name does not exist, that is an error. If a later name
// does not exist, no fid is made, and the reply has the qids of the names before it
// (walk(5)). A forbidden name is an error at any position.
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

// getattr answers Tgetattr with all attributes, whatever the mask asks for. It recognises the
// Linux client by its mask, and reports the size 0 to it (followup.go).
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
	valid.Size, valid.Blocks = true, true // GetAttr left them 0 if ask excludes them
	f.extents.stat(fid)
	start := len(out)
	out = wire.AppendU64(wire.Begin(out, wire.Rgetattr, m.Tag()), wire.AttrBits(valid))
	return wire.End(wire.AppendAttr(wire.AppendQID(out, qid), &attr), start), nil
}

// setattr answers Tsetattr. It changes only the size that the Linux client believes in.
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

// readdir answers Treaddir with as many entries as fit into one reply.
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

// fsync answers Tfsync. Linux sends datasync[4] after the fid; other clients do not.
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

// lockUnlocked is F_UNLCK as diod's protocol.md numbers it.
const lockUnlocked = 2

// lock answers Tlock and Tgetlock: every client gets every lock (tree.File.Lock).
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
	out = append(out, m.Body()[5:]...) // start, length, proc_id and client_id of the request
	return wire.End(out, start), nil
}

// statfs answers Tstatfs.
func (f *front) statfs(m wire.Frame, fid *fid, out []byte) ([]byte, error) {
	stat, err := fid.StatFS()
	if err != nil {
		return out, err
	}
	start := len(out)
	return wire.End(wire.AppendStatFS(wire.Begin(out, wire.Rstatfs, m.Tag()), stat), start), nil
}

// readText answers Tread of a text file, with at most maxListing bytes.
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

// writeText answers Twrite to a file without a session. Only ctl accepts it.
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
