package tree

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/hugelgupf/p9/fsimpl/templatefs"
	"github.com/hugelgupf/p9/p9"

	"fullex/device"
	"fullex/p9srv/wire"
)

// File is a node of the tree for one user, open or not. The zero File must not be used.
//
// It implements [p9.File]. A server may also use it directly. It may copy a File that is not
// open to get another one.
type File struct {
	templatefs.NoopFile // has no fields

	// These come first because a read or a write of a device uses no others.
	session *device.Session // of an open device file
	flags   uint32          // of the open
	opened  bool

	tree *Tree
	node Node
	user *User
	text text // of an open text file
	size int  // bytes of an open listing, which count against limits
}

var _ p9.File = (*File)(nil)

// Flags of an open. 9P2000.L uses those of Linux on x86-64, on every system (diod's
// protocol.md, open flags).
const (
	AccessMode = 0o3
	ReadOnly   = 0o0
	WriteOnly  = 0o1
	ReadWrite  = 0o2
)

// Node returns the node of the file.
func (f *File) Node() Node { return f.node }

// User returns the user of the file.
func (f *File) User() *User { return f.user }

// Opened reports whether the file is open.
func (f *File) Opened() bool { return f.opened }

// Flags returns the flags of the open.
func (f *File) Flags() uint32 { return f.flags }

// Readable reports whether the file is open for reading.
func (f *File) Readable() bool { return f.opened && f.flags&AccessMode != WriteOnly }

// Writable reports whether the file is open for writing.
func (f *File) Writable() bool { return f.opened && f.flags&AccessMode != ReadOnly }

// Session returns the session of an open device file, and nil for other files.
func (f *File) Session() *device.Session { return f.session }

// TextSize returns how many bytes of an open listing count against limits. It returns 0 for
// other files.
func (f *File) TextSize() int { return f.size }

// Step moves a File that is not open to the child with that name, which CheckName must have
// accepted. It returns ENOENT if there is none, and ENOTDIR if f is not a directory. After an
// error f is unchanged.
func (f *File) Step(name []byte) error {
	next, err := f.node.walk(f.tree.kernel, name)
	if err != nil {
		return err
	}
	f.node = next
	return nil
}

// Clone returns a File of the same node and user that is not open.
func (f *File) Clone() File { return File{tree: f.tree, node: f.node, user: f.user} }

// Client returns the client that opened this device file. If the file is not open, it returns
// the client that would open it.
func (f *File) Client() device.Client {
	if f.session != nil {
		return f.session.Client()
	}
	return f.node.client(f.user, 0)
}

// OpenWithin opens the file. It opens the device of a device file ([device.Kernel.Open]) and
// takes the text of a text file. Errors are those of the device and:
//
//	EACCES  the mode bits forbid it
//	EINVAL  the file is open, or the access mode is 3
//	EISDIR  the file is a directory, and the access mode is not ReadOnly
//	EMFILE  the file is a listing of more than room bytes
//	ENFILE  the open listings in the server have too many bytes
//
// Other flags, such as O_CREAT, O_TRUNC and O_APPEND, have no effect.
func (f *File) OpenWithin(flags uint32, room int) error {
	mode := flags & AccessMode
	switch {
	case f.opened, mode == AccessMode:
		return syscall.EINVAL
	case f.node.isDir() && mode != ReadOnly:
		return syscall.EISDIR
	}
	if err := f.permit(mode); err != nil {
		return err
	}
	var err error
	switch f.node.kind {
	case deviceFile:
		err = f.openDevice()
	case kmsgFile, modulesFile, sessionsFile:
		err = f.openText(room)
	}
	if err != nil {
		return err
	}
	f.opened, f.flags = true, flags
	return nil
}

func (f *File) openDevice() error {
	var number uint64
	if f.node.door == eachDoor {
		number = f.tree.opens.Add(1)
	}
	client := f.node.client(f.user, number)
	session, err := f.tree.kernel.Open(f.node.name, client)
	if err != nil {
		f.logRefusal(client, err)
		return err
	}
	f.session = session
	return nil
}

// logRefusal logs a second open of an exclusive device, which the device refused.
func (f *File) logRefusal(client device.Client, err error) {
	info, ok := f.tree.kernel.Lookup(f.node.name)
	if !errors.Is(err, syscall.EACCES) || !ok || !info.Exclusive {
		return
	}
	f.tree.kernel.Log().PrintFor(client.User, func() string {
		return fmt.Sprintf("%[1]s: refused a second open by %[2]s; each process has its own at /pid/N/%[1]s, each open at /each/%[1]s",
			f.node.name, client)
	})
}

// Release undoes the open. It may be called again.
func (f *File) Release() {
	f.closeText()
	if f.session != nil {
		_ = f.session.Close() // always returns nil
		f.session = nil
	}
	f.opened = false
}

// Walk implements p9.File.
func (f *File) Walk(names []string) ([]p9.QID, p9.File, error) {
	at := f.Clone()
	var qids []p9.QID
	for _, name := range names {
		err := CheckName([]byte(name))
		if err == nil {
			err = at.Step([]byte(name))
		}
		if err != nil {
			return nil, nil, wire.Errno(err)
		}
		qids = append(qids, at.node.QID())
	}
	return qids, &at, nil
}

// WalkGetAttr implements p9.File. It returns what Walk returns, and the attributes of the last
// file.
func (f *File) WalkGetAttr(names []string) ([]p9.QID, p9.File, p9.AttrMask, p9.Attr, error) {
	qids, at, err := f.Walk(names)
	if err != nil {
		return nil, nil, p9.AttrMask{}, p9.Attr{}, err
	}
	_, mask, attr, err := at.GetAttr(p9.AttrMaskAll)
	return qids, at, mask, attr, err
}

// Open implements p9.File. The iounit 0 lets the server choose the size of messages.
func (f *File) Open(flags p9.OpenFlags) (p9.QID, uint32, error) {
	if err := f.OpenWithin(uint32(flags), MaxText); err != nil {
		return p9.QID{}, 0, wire.Errno(err)
	}
	return f.node.QID(), 0, nil
}

// Close implements p9.File.
func (f *File) Close() error {
	f.Release()
	return nil
}

// ReadAt implements p9.File. A device ignores the offset. At the end of a text ReadAt returns 0
// and no error. It returns EISDIR for a directory.
func (f *File) ReadAt(p []byte, offset int64) (int, error) {
	if f.node.isDir() {
		return 0, wire.Errno(syscall.EISDIR)
	}
	n, err := f.readAt(p, offset)
	if err != nil {
		return n, wire.Errno(err)
	}
	return n, nil
}

func (f *File) readAt(p []byte, offset int64) (int, error) {
	switch {
	case f.session != nil:
		return f.session.Read(p)
	case f.text == nil || offset < 0:
		return 0, syscall.EINVAL
	}
	n, err := f.text.ReadAt(p, offset)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// WriteAt implements p9.File. A device ignores the offset, and ctl executes p. It returns
// EISDIR for a directory, and EINVAL for other files and for a text that ctl does not know.
func (f *File) WriteAt(p []byte, _ int64) (int, error) {
	var n int
	var err error
	switch {
	case f.node.isDir():
		err = syscall.EISDIR
	case f.session != nil:
		n, err = f.session.Write(p)
	case f.node.kind != ctlFile || len(p) > maxControl:
		err = syscall.EINVAL
	default:
		n, err = len(p), f.tree.kernel.Control(string(p))
	}
	if err != nil {
		return 0, wire.Errno(err)
	}
	return n, nil
}
