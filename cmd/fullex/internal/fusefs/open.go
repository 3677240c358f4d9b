package fusefs

import (
	"context"
	"runtime"
	"syscall"

	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/client"
	"fullex/p9srv/tree"
)

// isKernelsOwn reports whether an open may be the kernel's own: that one has no flags. A
// 64-bit kernel adds O_LARGEFILE to every open of a 64-bit program (fs/open.c,
// force_o_largefile). A 32-bit program gets the error of such an open with its first read.
func isKernelsOwn(flags uint32) bool { return runtime.GOOS == "linux" && flags == 0 }

// look returns a file's qid and attributes as the server shows them to a user.
func (m *Mount) look(ctx context.Context, uid uint32, path []string) (qid p9.QID, attr p9.Attr, errno syscall.Errno) {
	file, errno := m.walk(ctx, uid, path)
	if errno != 0 {
		return qid, attr, errno
	}
	defer func() { _ = file.Close(past) }() // nothing was written
	qid, attr, err := file.Attr(ctx)
	return qid, attr, errnoOf(err)
}

// walk returns a new fid for a path.
func (m *Mount) walk(ctx context.Context, uid uint32, path []string) (*client.File, syscall.Errno) {
	return m.conn.Load().walk(ctx, uid, path)
}

// openAt walks to a path and opens it.
func (m *Mount) openAt(ctx context.Context, uid uint32, path []string, flags uint32) (*client.File, syscall.Errno) {
	return m.conn.Load().open(ctx, uid, path, flags)
}

// open opens a node at the server. A device file in the root is opened for the process, and
// one below /pid for the number in its path. All other files are opened at their path.
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

// openForProcess opens a device file in the root for the process that makes the request.
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

// openForNumber opens a device file below /pid, for the number in its path.
func (m *Mount) openForNumber(ctx context.Context, by user, d door, flags uint32) (*opened, syscall.Errno) {
	c := claim{name: d.name, process: process{number: d.process}, uid: by.uid}
	if p, err := m.process(by); err == nil && p.number == d.process {
		c = claim{name: d.name, process: p} // the process names itself
	}
	return m.openOnce(ctx, c, flags, d)
}

// openOnce opens a file for a claim, through the first door that is not in use. The first
// door may be in use for two reasons: children of an earlier process with the same number
// still have the file open, or a user has named the number. If the process itself has used
// that door before, and no user uses it now, only the first door is tried: the server's
// refusal stands. That shows a faulty server that does not free sessions.
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

// askBefore returns EACCES if the opening before still has a session. A module that was
// unloaded, or a server that was started again, has ended that session. askBefore returns 0
// if the open itself asks the server, by using the same door.
func (m *Mount) askBefore(ctx context.Context, before *opening, uid, flags uint32) syscall.Errno {
	switch {
	case before == nil || before.door.uid == uid && before.door.process != 0:
		return 0
	case before.door.process == 0:
		return syscall.EACCES
	}
	file, errno := m.openAt(ctx, before.door.uid, before.door.path(), flags)
	if errno == 0 {
		_ = file.Close(past) // it was opened only to ask
	}
	return errno
}

// process returns the process that makes a request.
func (m *Mount) process(by user) (process, error) {
	if !m.sees {
		return process{}, nil
	}
	return processOf(by.thread)
}

// refuseUnknown refuses a device file to a process that the mount cannot identify: that
// process may already have the file open.
func (m *Mount) refuseUnknown(by user, name string, err error) syscall.Errno {
	if m.hidden.isDue() {
		m.log.Warn("an open is refused: the mount cannot see which process it is", "file", name, "uid", by.uid, "error", err)
	}
	return syscall.EACCES
}

// warnUnseen logs that the kernel names no process for an open.
func (m *Mount) warnUnseen(uid uint32) {
	if m.unseen.isDue() {
		m.log.Warn("a process of another pid namespace: each of its opens is a client of its own", "uid", uid)
	}
}
