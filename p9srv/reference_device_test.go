package p9srv

import (
	"fmt"
	"strings"
	"syscall"

	"fullex/p9srv/wire"
)

// open answers Tlopen. For a device it starts a session, for the client that its door decides.
func (c *refConn) open(f *refFID, body wire.Cursor) refReply {
	flags := body.U32()
	switch {
	case f.opened, flags&3 == 3:
		return fail(syscall.EINVAL)
	case f.isDir() && flags&3 != 0:
		return fail(syscall.EISDIR)
	}
	if !f.isDir() {
		client := fmt.Sprint(c.name, f.user, strings.HasPrefix(f.path, "/pid/"), f.path)
		if strings.HasPrefix(f.path, "/each") {
			c.opens++
			client = fmt.Sprint("each ", c.opens)
		}
		if c.sessions[client] != nil {
			return fail(syscall.EACCES)
		}
		f.session = &refSession{client: client}
		c.sessions[client] = f.session
		if c.v9fs {
			f.inode = c.inode(f.path)
			f.inode.open++
		}
	}
	f.opened, f.flags = true, flags
	return refReply{}
}

func (c *refConn) read(f *refFID, body wire.Cursor) refReply {
	offset, count := body.U64(), body.U32()
	switch {
	case !f.opened || f.flags&3 == 1:
		return fail(syscall.EBADF)
	case f.session == nil:
		return fail(syscall.EISDIR)
	case f.isFollowUp(offset, min(count, c.msize-24)):
		return refReply{body: []byte{0, 0, 0, 0}}
	case len(f.session.Values) > 0 && f.wouldLose(offset, count):
		return fail(syscall.ESPIPE)
	}
	p := make([]byte, min(count, 8))
	n, err := f.session.Read(p)
	if err != nil {
		return fail(err.(syscall.Errno))
	}
	c.willAsk(f, offset, count)
	return refReply{body: append([]byte{byte(n), 0, 0, 0}, p[:n]...)}
}

func (c *refConn) write(f *refFID, body wire.Cursor) refReply {
	offset, n := body.U64(), body.U32()
	switch {
	case !f.opened || f.flags&3 == 0:
		return fail(syscall.EBADF)
	case f.session == nil:
		return fail(syscall.EISDIR)
	}
	if _, err := f.session.Write(body); err != nil {
		return fail(err.(syscall.Errno))
	}
	if f.inode != nil {
		f.inode.reach(offset, uint64(n))
	}
	return refReply{body: []byte{byte(n), 0, 0, 0}}
}

func (c *refConn) readdir(f *refFID, body wire.Cursor) refReply {
	offset, count := body.U64(), body.U32()
	switch {
	case !f.isDir():
		return fail(syscall.ENOTDIR)
	case !f.opened:
		return fail(syscall.EBADF)
	case offset == 0 && count < 25: // "." takes 24 bytes and its name
		return fail(syscall.EINVAL)
	}
	return refReply{body: unknownBody}
}

// unknownBody stands for a success with an unknown body, or for EINVAL. The reference does not
// know whether further entries of a directory fit.
var unknownBody = []byte("?")

func (c *refConn) setattr(f *refFID, body wire.Cursor) refReply {
	valid := body.U32()
	body.U32()
	body.U32()
	body.U32()
	size := body.U64()
	switch {
	case valid&7 != 0: // mode, uid, gid
		return fail(syscall.EPERM)
	case valid&8 != 0 && f.isDir(): // size
		return fail(syscall.EISDIR)
	case valid&8 != 0 && c.v9fs:
		c.inode(f.path).reach(size, 0)
	}
	return refReply{body: []byte{}}
}
