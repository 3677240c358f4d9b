package fusefs

import (
	"context"
	"runtime"
	"syscall"

	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/client"
	"fullex/p9srv/tree"
)

// isKernelsOwn reports whether the flags of an open are those of the kernel's own: none. A
// 64-bit kernel gives O_LARGEFILE to every open of a program (fs/open.c,
// force_o_largefile), but to those of 32-bit programs: they are told by their first read
// what the open would have told them.
func isKernelsOwn(flags uint32) bool { return runtime.GOOS == "linux" && flags == 0 }

// look returns what is at a path, as a user has it.
func (m *Mount) look(ctx context.Context, uid uint32, path []string) (qid p9.QID, attr p9.Attr, errno syscall.Errno) {
	file, errno := m.walk(ctx, uid, path)
	if errno != 0 {
		return qid, attr, errno
	}
	defer func() { _ = file.Close(past) }() // only looked at
	qid, attr, err := file.Attr(ctx)
	return qid, attr, errnoOf(err)
}

// walk makes a fid of a path.
func (m *Mount) walk(ctx context.Context, uid uint32, path []string) (*client.File, syscall.Errno) {
	return m.conn.Load().walk(ctx, uid, path)
}

// openAt walks to a path and opens it.
func (m *Mount) openAt(ctx context.Context, uid uint32, path []string, flags uint32) (*client.File, syscall.Errno) {
	return m.conn.Load().open(ctx, uid, path, flags)
}

// open opens a node at the server: a device file in the root by a door for the process,
// one below /pid for the number in the path, and all else as it is.
func (m *Mount) open(ctx context.Context, by user, at tree.Node, flags uint32) (*opened, syscall.Errno) {
	names := at.Names()
	switch {
	case at.IsDevice() && len(names) == 1:
		return m.openForProcess(ctx, by, names[0], flags)
	case at.IsDevice() && names[0] == "pid":
		return m.openForNumber(ctx, by, door{by.uid, at.Process(), names[2]}, flags)
	}
	file, errno := m.openAt(ctx, by.uid, names, flags)
	return &opened{File: file}, errno
}

// openForProcess opens a device file in the root.
func (m *Mount) openForProcess(ctx context.Context, by user, name string, flags uint32) (*opened, syscall.Errno) {
	each := door{uid: by.uid, name: name}
	p, err := m.process(by)
	if err != nil {
		return nil, m.refuseUnknown(by, name, err)
	}
	if p.number == 0 {
		m.warnUnseen(by.uid)
		file, errno := m.openAt(ctx, by.uid, each.path(), flags)
		return &opened{File: file, door: each}, errno
	}
	own := door{by.uid, p.number, name}
	return m.openOnce(ctx, claim{name: name, process: p}, flags, own, each)
}

// openForNumber opens a device file for the process that the path names.
func (m *Mount) openForNumber(ctx context.Context, by user, d door, flags uint32) (*opened, syscall.Errno) {
	c := claim{name: d.name, process: process{number: d.process}, uid: by.uid}
	if p, err := m.process(by); err == nil && p.number == d.process {
		c = claim{name: d.name, process: p} // it names itself
	}
	return m.openOnce(ctx, c, flags, d)
}

// openOnce opens a claim by the first of some doors that is not in use: a process that
// had the same number may have its own open still, as its children have, and a user
// may have named the number. Where the process itself has had the first door, and no
// user has it now, the server's refusal stands: a faulty one may not free sessions.
func (m *Mount) openOnce(ctx context.Context, c claim, flags uint32, doors ...door) (*opened, syscall.Errno) {
	t := &m.openings
	o, err := t.begin(ctx, c)
	if err != nil {
		return nil, errnoOf(err)
	}
	if o.before != nil || t.wasHere(c.process) && !t.isNamed(c.name, c.process.number) {
		doors = doors[:1]
	}
	errno := m.askBefore(ctx, o.before, doors[0].uid, flags)
	for _, d := range doors {
		var file *client.File
		if errno == 0 || errno == syscall.EACCES && d != doors[0] {
			file, errno = m.openAt(ctx, d.uid, d.path(), flags)
		}
		if errno == 0 {
			o.confirm(d)
			return &opened{file, d, o}, 0
		}
	}
	t.end(o)
	return nil, errno
}

// askBefore asks the server whether an opening of the same claim has still a session,
// where the open itself does not ask that: by another user. A module that was
// unloaded and a server that came back have ended it.
func (m *Mount) askBefore(ctx context.Context, before *opening, uid, flags uint32) syscall.Errno {
	switch {
	case before == nil || before.door.uid == uid && before.door.process != 0:
		return 0
	case before.door.process == 0:
		return syscall.EACCES
	}
	file, errno := m.openAt(ctx, before.door.uid, before.door.path(), flags)
	if errno == 0 {
		_ = file.Close(past) // it was only a question
	}
	return errno
}

// process returns the process of who makes a request.
func (m *Mount) process(by user) (process, error) {
	if !m.sees {
		return process{}, nil
	}
	return processOf(by.thread)
}

// refuseUnknown refuses a device file to a process that cannot be looked at: it may
// have it open.
func (m *Mount) refuseUnknown(by user, name string, err error) syscall.Errno {
	if m.hidden.isDue() {
		m.log.Warn("an open is refused: the mount cannot see which process it is", "file", name, "uid", by.uid, "error", err)
	}
	return syscall.EACCES
}

// warnUnseen tells that the kernel names no process for an open.
func (m *Mount) warnUnseen(uid uint32) {
	if m.unseen.isDue() {
		m.log.Warn("a process of another pid namespace: each of its opens is a client of its own", "uid", uid)
	}
}
