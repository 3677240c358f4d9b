package p9srv

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/hugelgupf/p9/fsimpl/templatefs"
	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"

	"fullex/device"
)

// file is one fid: an entry of the front's table and at the same time the
// p9.File that the library keeps for that fid.
//
// The library calls its methods only while the front waits for the reply to
// the one control message in hand, so that everything here belongs to one
// goroutine at a time, and the message is known (front.next).
type file struct {
	templatefs.NoopFile // ENOSYS for what the front never passes on

	// First what a read or a write touches.
	session   *device.Session // of an opened device file
	flags     uint32          // of Tlopen, if opened
	valueSize uint32          // device.File.ValueSize, of an opened device file
	opened    bool
	whole     bool // device.File.WholeReads, of an opened device file
	follow    followup

	front   *front
	node    node
	user    *user
	text    io.ReaderAt // of an opened text file
	counted int         // bytes of text that are counted

	// statFolds is extents.folds when the attributes were last asked for. A
	// fid that is cloned from this one takes it over: v9fs asks on one fid
	// and opens its clone.
	statFolds uint32
}

var _ p9.File = (*file)(nil)

// Flags of Tlopen, which are Linux's of x86-64 on every system (diod
// protocol.md, open flags).
const (
	accessMode  = 0o3
	readOnly    = 0o0
	writeOnly   = 0o1
	readWrite   = 0o2
	nonBlocking = 0o4000
	largeFile   = 0o100000
)

func (f *file) readable() bool { return f.opened && f.flags&accessMode != writeOnly }
func (f *file) writable() bool { return f.opened && f.flags&accessMode != readOnly }

// Walk hands the library the file that the front made for the newfid in hand:
// the front has walked already and asks for one constant name, or for none.
func (f *file) Walk(names []string) ([]p9.QID, p9.File, error) {
	next := f.front.takeNext()
	if next == nil {
		return nil, nil, linux.EIO
	}
	return qidsOf(next, names), next, nil
}

// WalkGetAttr is Walk with attributes, which the library wants for each name.
func (f *file) WalkGetAttr(names []string) ([]p9.QID, p9.File, p9.AttrMask, p9.Attr, error) {
	next := f.front.takeNext()
	if next == nil {
		return nil, nil, p9.AttrMask{}, p9.Attr{}, linux.EIO
	}
	return qidsOf(next, names), next, validAttr, next.attr(), nil
}

// qidsOf returns a qid for each of at most one name.
func qidsOf(next *file, names []string) []p9.QID {
	if len(names) == 0 {
		return nil
	}
	return []p9.QID{next.qid()}
}

// Open opens the file, if its mode lets the user; for a device file that is the
// open of the device, whose errors it returns.
func (f *file) Open(flags p9.OpenFlags) (p9.QID, uint32, error) {
	if err := f.permit(uint32(flags)); err != nil {
		return p9.QID{}, 0, toLinux(err)
	}
	var err error
	switch f.node.kind {
	case deviceFile:
		err = f.openDevice()
	case kmsgFile, modulesFile, sessionsFile:
		err = f.openText()
	}
	if err != nil {
		return p9.QID{}, 0, toLinux(err)
	}
	f.opened, f.flags = true, uint32(flags)
	return f.qid(), f.front.iounit(), nil
}

func (f *file) openDevice() error {
	kernel := f.front.srv.Kernel
	client := f.node.client(f.user, f.front.srv.nextOpen)
	session, err := kernel.Open(f.node.name, client)
	if err != nil {
		f.front.refused(f, client, err)
		return err
	}
	f.session, f.valueSize, f.whole = session, uint32(session.ValueSize()), session.WholeReads()
	f.front.log.Debug("open", "path", f.node.String(), "client", client.String())
	f.front.extents.opened(f)
	return nil
}

// isExclusive says whether the device tells clients that open it twice.
func (f *file) isExclusive() bool {
	info, ok := f.front.srv.Kernel.Lookup(f.node.name)
	return ok && info.Exclusive
}

// refused tells both logs of an open that the device refused.
func (f *front) refused(file *file, client device.Client, err error) {
	f.log.Debug("open refused", "path", file.node.String(), "client", client.String(), "error", err)
	switch {
	case errors.Is(err, syscall.ENFILE):
		f.log.Warn("too many sessions", "limit", f.srv.Kernel.MaxSessions)
	case errors.Is(err, syscall.EACCES) && file.isExclusive():
		f.srv.Kernel.Log().PrintFor(client.User, func() string {
			return fmt.Sprintf("%[1]s: refused a second open by %[2]s; each process has its own at /pid/N/%[1]s, each open at /each/%[1]s",
				file.node.name, client)
		})
	}
}

// Close frees what the open made. The library calls it when the fid goes,
// whatever made it go; the front calls it as well when a connection ends, so
// the second call does nothing. It does not block: the library holds the lock
// of its fid table.
func (f *file) Close() error {
	f.closeText()
	session := f.session
	if session == nil {
		return nil
	}
	f.session = nil
	f.front.extents.closed(f)
	f.front.log.Debug("close", "path", f.node.String(), "client", session.Client().String())
	return session.Close()
}

// FSync does nothing: a device holds nothing back.
func (f *file) FSync() error { return nil }
