package fusefs

import (
	"context"
	"math"
	"strconv"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"fullex/p9srv/client"
)

// user is who makes a request. The thread is 0 for those of other pid namespaces.
type user struct{ uid, thread uint32 }

// caller returns who makes a request. EACCES if nobody is named, or no user: nothing
// is done for them.
func caller(ctx context.Context) (user, syscall.Errno) {
	c, ok := fuse.FromContext(ctx)
	if !ok || c.Uid == math.MaxUint32 {
		return user{}, syscall.EACCES
	}
	return user{c.Uid, c.Pid}, 0
}

// Open implements fs.NodeOpener. A device file in the root has a door for the
// process; what has none is opened as it is.
func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if isKernelOpen(flags) {
		return &kernelOpen{node: n}, fuse.FOPEN_DIRECT_IO, 0
	}
	h, errno := n.openAs(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return h, fuse.FOPEN_DIRECT_IO, 0
}

// openAs opens the file for the caller.
func (n *node) openAs(ctx context.Context, flags uint32) (*handle, syscall.Errno) {
	who, errno := caller(ctx)
	if errno != 0 {
		return nil, errno
	}
	h, errno := n.openDoor(who, flags)
	if errno != syscall.ENOENT {
		return h, errno
	}
	file, errno := n.openAt(who.uid, n.path, flags)
	return &handle{mount: n.mount, file: file}, errno
}

// openDoor opens the file by the door that it has for the caller. ENOENT if it has
// none.
func (n *node) openDoor(who user, flags uint32) (*handle, syscall.Errno) {
	switch {
	case len(n.path) == 1:
		return n.openForProcess(who, flags)
	case len(n.path) == 3 && n.path[0] == "pid":
		return n.openForNumber(who, flags)
	}
	return nil, syscall.ENOENT
}

// openForProcess opens a device file in the root.
func (n *node) openForProcess(who user, flags uint32) (*handle, syscall.Errno) {
	each := door{uid: who.uid, name: n.path[0]}
	p, err := n.mount.process(who)
	if err != nil {
		return nil, n.refuseUnknown(who, each, err)
	}
	if p.number == 0 {
		n.mount.warnUnseen(who.uid)
		file, errno := n.openAt(who.uid, each.path(), flags)
		return &handle{mount: n.mount, file: file, door: each}, errno
	}
	own := door{who.uid, p.number, each.name}
	return n.openOnce(claim{name: each.name, process: p}, flags, own, each)
}

// openForNumber opens a device file for the process that the path names.
func (n *node) openForNumber(who user, flags uint32) (*handle, syscall.Errno) {
	number, err := strconv.ParseUint(n.path[1], 10, 32)
	if err != nil || number == 0 {
		return nil, syscall.ENOENT
	}
	d := door{who.uid, uint32(number), n.path[2]}
	c := claim{name: d.name, process: process{number: d.process}, uid: who.uid}
	if p, err := n.mount.process(who); err == nil && p.number == d.process {
		c = claim{name: d.name, process: p} // it names itself
	}
	return n.openOnce(c, flags, d)
}

// openOnce opens a claim by the first of some doors that is not in use: a process that
// had the same number may have its own open still, as its children have, and a user
// may have named the number. Where the process itself has had the first door, the
// server's refusal stands.
func (n *node) openOnce(c claim, flags uint32, doors ...door) (*handle, syscall.Errno) {
	t := &n.mount.openings
	o := t.begin(c)
	if o.before != nil || t.wasHere(c.process) {
		doors = doors[:1]
	}
	errno := n.askBefore(o.before, doors[0].uid, flags)
	for _, d := range doors {
		var file *client.File
		if errno == 0 || errno == syscall.EACCES && d != doors[0] {
			file, errno = n.openAt(d.uid, d.path(), flags)
		}
		if errno == 0 {
			o.confirm(d)
			return &handle{mount: n.mount, file: file, door: d, opening: o}, 0
		}
	}
	t.end(o)
	return nil, errno
}

// askBefore asks the server whether an opening of the same claim has still a session,
// where the open itself does not ask that: by another user. A module that was
// unloaded and a server that came back have ended it.
func (n *node) askBefore(before *opening, uid, flags uint32) syscall.Errno {
	switch {
	case before == nil || before.door.uid == uid && before.door.process != 0:
		return 0
	case before.door.process == 0:
		return syscall.EACCES
	}
	file, errno := n.openAt(before.door.uid, before.door.path(), flags)
	if errno == 0 {
		_ = file.Close(background) // it was only a question
	}
	return errno
}

// openAt walks to a path and opens it.
func (n *node) openAt(uid uint32, path []string, flags uint32) (*client.File, syscall.Errno) {
	return n.mount.conn.Load().open(uid, path, flags)
}

// process returns the caller's process.
func (m *Mount) process(who user) (process, error) {
	if !m.sees {
		return process{}, nil
	}
	return processOf(who.thread)
}

// refuseUnknown refuses a device file to a process that cannot be looked at: it may
// have it open. ENOENT for other files, which any process may open.
func (n *node) refuseUnknown(who user, each door, err error) syscall.Errno {
	file, errno := n.mount.conn.Load().walk(who.uid, each.path())
	if errno != 0 {
		return errno
	}
	_ = file.Close(background) // only looked at
	if n.mount.hidden.isDue() {
		n.mount.log.Warn("an open is refused: the mount cannot see which process it is", "file", each.name, "uid", who.uid, "error", err)
	}
	return syscall.EACCES
}

// warnUnseen tells that the kernel names no process for an open.
func (m *Mount) warnUnseen(uid uint32) {
	if m.unseen.isDue() {
		m.log.Warn("a process of another pid namespace: each of its opens is a client of its own", "uid", uid)
	}
}
