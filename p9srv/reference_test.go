package p9srv

import (
	"strings"
	"syscall"

	"fullex/device/contract"
	"fullex/p9srv/wire"
)

// reference is a simple and slow model of a server, without limits. It uses maps and slices,
// and no code of the front. FuzzConversation compares every reply of the front with it.
type reference struct {
	sessions map[string]*refSession // by client, of all connections
	opens    int                    // through the door /each
}

// refSession is an open of the device.
type refSession struct {
	contract.Device
	client string
}

// refConn is a connection to the reference.
type refConn struct {
	*reference
	name  string
	msize uint32 // 0: no 9P session
	fids  map[uint32]*refFID

	v9fs   bool // the client is that of Linux
	inodes map[string]*refInode
}

// refFID is a fid; path is "" for the root.
type refFID struct {
	path    string
	user    uint32
	opened  bool
	flags   uint32
	session *refSession

	inode   *refInode // nil unless v9fs has opened the fid
	pending []refPending
}

// refReply is the wanted reply: an errno, or a success with this body. If body is nil, the body
// of the success is unknown.
type refReply struct {
	errno syscall.Errno
	body  []byte
}

func fail(errno syscall.Errno) refReply { return refReply{errno: errno} }

func (r *reference) connect(name string) *refConn {
	return &refConn{reference: r, name: name, fids: map[uint32]*refFID{}, inodes: map[string]*refInode{}}
}

// answer returns what the reply to a request must be.
func (c *refConn) answer(m wire.Frame) refReply {
	fits := m.Fits()
	if m.Type() == wire.Tversion {
		c.end()
		if !fits {
			return fail(syscall.EINVAL)
		}
		return c.version(m.Body())
	}
	switch {
	case c.msize == 0:
		return fail(syscall.EPROTO)
	case !m.Known() || m.Type()&1 == 1:
		return fail(syscall.EOPNOTSUPP)
	case !fits:
		return fail(syscall.EINVAL)
	}
	body := m.Body()
	switch m.Type() {
	case wire.Tattach:
		return c.attach(body)
	case wire.Tflush:
		return refReply{body: []byte{}}
	case wire.Tauth:
		return fail(syscall.ENOENT)
	case wire.Txattrwalk, wire.Txattrcreate:
		return fail(syscall.EOPNOTSUPP)
	}
	fid := body.U32()
	f := c.fids[fid]
	if f == nil {
		return fail(syscall.EBADF)
	}
	return c.answerFID(m.Type(), fid, f, body)
}

func (c *refConn) answerFID(typ wire.Type, fid uint32, f *refFID, body wire.Cursor) refReply {
	switch typ {
	case wire.Twalk:
		return c.walk(fid, f, body)
	case wire.Tlopen:
		return c.open(f, body)
	case wire.Tread:
		return c.read(f, body)
	case wire.Twrite:
		return c.write(f, body)
	case wire.Tclunk:
		c.clunk(fid)
		return refReply{body: []byte{}}
	case wire.Tremove:
		c.clunk(fid)
		return fail(syscall.EPERM)
	case wire.Treadlink:
		return fail(syscall.EINVAL)
	case wire.Tfsync, wire.Tlock, wire.Tgetlock:
		if typ == wire.Tfsync && len(body) != 0 && len(body) != 4 {
			return fail(syscall.EINVAL)
		}
		if !f.opened {
			return fail(syscall.EBADF)
		}
	case wire.Treaddir:
		return c.readdir(f, body)
	case wire.Tgetattr:
		c.getattr(f, body)
	case wire.Tsetattr:
		return c.setattr(f, body)
	case wire.Tlcreate, wire.Tsymlink, wire.Tmknod, wire.Trename, wire.Tlink, wire.Tmkdir, wire.Trenameat, wire.Tunlinkat:
		return fail(syscall.EPERM)
	}
	return refReply{}
}

// end ends the 9P session, as a Tversion and the end of the connection do.
func (c *refConn) end() {
	for fid := range c.fids {
		c.clunk(fid)
	}
	c.msize, c.v9fs = 0, false
	clear(c.inodes)
}

func (c *refConn) clunk(fid uint32) {
	if s := c.fids[fid].session; s != nil {
		delete(c.sessions, s.client)
	}
	if i := c.fids[fid].inode; i != nil {
		i.open--
	}
	delete(c.fids, fid)
}

func (c *refConn) version(body wire.Cursor) refReply {
	msize := min(body.U32(), 65536)
	version := string(body.Str())
	reply := refReply{body: frame(0, 0, msize, wire.Version9P2000L)[wire.HeadSize:]}
	if version != "9P2000.L" && !strings.HasPrefix(version, "9P2000.L.") {
		return refReply{body: frame(0, 0, msize, "unknown")[wire.HeadSize:]}
	}
	if msize < 4096 {
		return fail(syscall.EMSGSIZE)
	}
	c.msize = msize
	return reply
}

func (c *refConn) attach(body wire.Cursor) refReply {
	fid, afid := body.U32(), body.U32()
	body.Str()
	aname := strings.Trim(string(body.Str()), "/")
	if afid != wire.NoFID || fid == wire.NoFID || c.fids[fid] != nil {
		return fail(syscall.EINVAL)
	}
	path := ""
	if aname != "" {
		for name := range strings.SplitSeq(aname, "/") {
			next, errno := step(path, name)
			if errno != 0 {
				return fail(errno)
			}
			path = next
		}
	}
	if strings.HasSuffix(path, "full_ex") {
		return fail(syscall.ENOTDIR)
	}
	c.fids[fid] = &refFID{path: path, user: body.U32()}
	return refReply{}
}

// step returns the path after a walk of one name from path.
func step(path, name string) (string, syscall.Errno) {
	if errno := badName(name); errno != 0 {
		return "", errno
	}
	if strings.HasSuffix(path, "/full_ex") {
		return "", syscall.ENOTDIR
	}
	below := path + "/" + name
	switch {
	case below == "/each", below == "/pid", name == "full_ex" && path != "/pid":
		return below, 0
	case path == "/pid" && isProcess(name):
		return below, 0
	}
	return "", syscall.ENOENT
}

func badName(name string) syscall.Errno {
	switch {
	case name == "", name == ".", name == "..", strings.ContainsAny(name, "/\x00"):
		return syscall.EINVAL
	case len(name) > 255:
		return syscall.ENAMETOOLONG
	}
	return 0
}

func isProcess(name string) bool {
	if strings.Trim(name, "0123456789") != "" || name == "" || name[0] == '0' || len(name) > 7 {
		return false
	}
	return len(name) < 7 || name <= "4194303"
}

func (c *refConn) walk(fid uint32, f *refFID, body wire.Cursor) refReply {
	newFID, count := body.U32(), body.U16()
	switch {
	case count > 16:
		return fail(syscall.EINVAL)
	case fid == newFID && f.opened:
		return fail(syscall.EBUSY)
	case newFID != fid && (newFID == wire.NoFID || c.fids[newFID] != nil):
		return fail(syscall.EINVAL)
	}
	var all []string
	for range count {
		all = append(all, string(body.Str()))
		if errno := badName(all[len(all)-1]); errno != 0 {
			return fail(errno)
		}
	}
	path := f.path
	for i, name := range all {
		next, errno := step(path, name)
		if errno != 0 && i == 0 {
			return fail(errno)
		}
		if errno != 0 {
			return refReply{}
		}
		path = next
	}
	c.fids[newFID] = &refFID{path: path, user: f.user}
	return refReply{}
}

func (f *refFID) isDir() bool { return !strings.HasSuffix(f.path, "/full_ex") }
