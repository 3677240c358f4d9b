package client

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"fullex/p9srv/wire"
)

// File is a fid of the server. Safe for concurrent use; calls after Close return EBADF.
type File struct {
	conn   *Conn
	fid    uint32
	path   []string     // from the attached directory; immutable
	uses   atomic.Int32 // calls under way, plus 1 until the fid is clunked; at 0 the fid's number is free
	closed atomic.Bool
	dead   atomic.Bool // a call was given up, so the fid's number is never free
}

func (k *Conn) newFile(fid uint32, path []string) *File {
	f := &File{conn: k, fid: fid, path: path}
	f.uses.Store(1)
	return f
}

// Attach attaches for a user and returns the directory aname, "" for the root. wire.NoUID
// names no user.
func (k *Conn) Attach(ctx context.Context, uid uint32, aname string) (*File, error) {
	if len(aname) > math.MaxUint16 {
		return nil, &Error{"attach", "/", syscall.ENAMETOOLONG}
	}
	fid := k.fids.take()
	c := newCall()
	defer c.free()
	c.request = wire.AppendAttach(c.request, 0, fid, aname, uid)
	if _, err := k.makeFID(ctx, c, fid); err != nil {
		return nil, &Error{"attach", "/" + aname, err}
	}
	return k.newFile(fid, nil), nil
}

// AttachSelf attaches for the user of this process and returns the root directory. Only uid
// 0 names itself. Other users name no user: over a unix socket the server knows their uid.
// In a user namespace uid 0 is another number for a server outside, which refuses it with
// EPERM. Then AttachSelf attaches without a user.
func (k *Conn) AttachSelf(ctx context.Context) (*File, error) {
	if os.Geteuid() != 0 {
		return k.Attach(ctx, wire.NoUID, "")
	}
	root, err := k.Attach(ctx, 0, "")
	if errors.Is(err, syscall.EPERM) {
		return k.Attach(ctx, wire.NoUID, "")
	}
	return root, err
}

// makeFID makes a request that makes a fid. After an error the fid does not exist.
func (k *Conn) makeFID(ctx context.Context, c *call, fid uint32) (wire.Cursor, error) {
	body, err := k.do(ctx, c)
	switch {
	case errors.Is(err, ErrNoAnswer):
		k.clunk(fid, nil) // the number is never used again
	case err != nil:
		k.fids.give(fid)
	case c.flushed:
		k.clunk(fid, func() { k.fids.give(fid) })
		err = ctx.Err()
	}
	return body, err
}

// clunk sends a Tclunk and does not wait for the reply. late runs when that comes.
func (k *Conn) clunk(fid uint32, late func()) {
	c := newCall()
	c.request = wire.AppendFID(c.request, wire.Tclunk, 0, fid)
	if k.stream != nil {
		c.late = late
		k.stream.sendOrphan(c)
		return
	}
	defer c.free()
	_ = k.exchange(context.Background(), c) // no caller waits for an error
	if late != nil {
		late()
	}
}

// Walk returns a new File for a path below f. The new File is not open. Without names it is
// the same file as f. The error is ENOENT if only a part of the path exists. The slice names
// must not change afterwards.
func (f *File) Walk(ctx context.Context, names ...string) (*File, error) {
	path := names
	if len(f.path) > 0 {
		path = append(f.path[:len(f.path):len(f.path)], names...)
	}
	to, err := f.walk(ctx, path, names)
	if err != nil {
		return nil, &Error{"walk", text(path), err}
	}
	return to, nil
}

func (f *File) walk(ctx context.Context, path, names []string) (*File, error) {
	for _, name := range names {
		if len(name) > math.MaxUint16 {
			return nil, syscall.ENAMETOOLONG
		}
	}
	if err := f.use(); err != nil {
		return nil, err
	}
	defer f.endUse()
	k := f.conn
	fid := k.fids.take()
	c := newCall()
	defer c.free()
	c.request = wire.AppendWalk(c.request, 0, f.fid, fid, names...)
	body, err := k.makeFID(ctx, c, fid)
	if err != nil {
		return nil, err
	}
	switch n := int(body.U16()); {
	case n < len(names):
		k.fids.give(fid) // the server has made no fid (walk(5))
		return nil, syscall.ENOENT
	case n > len(names):
		k.clunk(fid, nil) // the server may have made a fid
		return nil, errReply
	}
	return k.newFile(fid, path), nil
}

// Open opens the file. flags are those of Linux on x86-64. If ctx ends, the File may be
// closed when Open returns.
func (f *File) Open(ctx context.Context, flags uint32) error {
	c := newCall()
	defer c.free()
	c.request = wire.AppendOpen(c.request, 0, f.fid, flags)
	_, err := f.do(ctx, c)
	if err == nil && c.flushed {
		f.drop()
		err = ctx.Err()
	}
	return f.wrap("open", err)
}

// OpenFile walks to a file and opens it. An error names the call "open".
func (f *File) OpenFile(ctx context.Context, flags uint32, names ...string) (*File, error) {
	to, err := f.Walk(ctx, names...)
	if err != nil {
		err.(*Error).Call = "open"
		return nil, err
	}
	if err := to.Open(ctx, flags); err != nil {
		to.drop()
		return nil, err
	}
	return to, nil
}

// ReadAt makes one Tread and returns how many bytes the reply has: at most [Conn.Unit], and
// 0 at the end of the file.
func (f *File) ReadAt(ctx context.Context, p []byte, offset int64) (int, error) {
	c := newCall()
	defer c.free()
	n, err := 0, f.prepareRead(c, p, offset)
	if err == nil {
		n, err = f.data(ctx, c, p)
	}
	return n, f.wrap("read", err)
}

func (f *File) prepareRead(c *call, p []byte, offset int64) error {
	if offset < 0 {
		return syscall.EINVAL
	}
	c.request = wire.AppendRead(c.request, 0, f.fid, uint64(offset), uint32(min(len(p), f.conn.Unit())))
	return nil
}

// data makes a request and copies the bytes of the reply to p.
func (f *File) data(ctx context.Context, c *call, p []byte) (int, error) {
	body, err := f.do(ctx, c)
	if err != nil {
		return 0, err
	}
	return dataOf(body, p)
}

// dataOf copies the bytes of an Rread or Rreaddir to p.
func dataOf(body wire.Cursor, p []byte) (int, error) {
	if n := body.U32(); int64(n) > int64(len(p)) {
		return 0, errReply
	}
	return copy(p, body), nil
}

// WriteAt makes one Twrite of at most [Conn.Unit] bytes. It returns how many bytes the
// server took.
func (f *File) WriteAt(ctx context.Context, p []byte, offset int64) (int, error) {
	c := newCall()
	defer c.free()
	n, err := 0, f.prepareWrite(c, p, offset)
	if err == nil {
		n, err = f.count(ctx, c, len(p))
	}
	return n, f.wrap("write", err)
}

func (f *File) prepareWrite(c *call, p []byte, offset int64) error {
	if offset < 0 {
		return syscall.EINVAL
	}
	c.request = wire.AppendWrite(c.request, 0, f.fid, uint64(offset), p[:min(len(p), f.conn.Unit())])
	return nil
}

// count makes a request and returns the number of bytes in the reply.
func (f *File) count(ctx context.Context, c *call, most int) (int, error) {
	body, err := f.do(ctx, c)
	if err != nil {
		return 0, err
	}
	return countOf(body, most)
}

// countOf returns the number of bytes in an Rwrite.
func countOf(body wire.Cursor, most int) (int, error) {
	n := body.U32()
	if int64(n) > int64(most) {
		return 0, errReply
	}
	return int(n), nil
}

// Close clunks the fid. The File is closed also after an error. With a context that has
// ended, Close does not wait for the server and returns the context's error.
func (f *File) Close(ctx context.Context) error {
	if f.closed.Swap(true) {
		return f.wrap("close", syscall.EBADF)
	}
	if f.dead.Load() || ctx.Err() != nil {
		f.conn.clunk(f.fid, f.endUse)
		return f.wrap("close", ctx.Err())
	}
	c := newCall()
	defer c.free()
	c.request = wire.AppendFID(c.request, wire.Tclunk, 0, f.fid)
	if f.conn.stream != nil {
		c.late = f.endUse
	}
	_, err := f.conn.do(ctx, c)
	if err == nil || err != ctx.Err() {
		f.endUse()
	}
	return f.wrap("close", err)
}

// drop is like Close, but does not wait.
func (f *File) drop() {
	if !f.closed.Swap(true) {
		f.conn.clunk(f.fid, f.endUse)
	}
}

// do makes a request about the file.
func (f *File) do(ctx context.Context, c *call) (wire.Cursor, error) {
	if err := f.use(); err != nil {
		return nil, err
	}
	defer f.endUse()
	body, err := f.conn.do(ctx, c)
	f.note(err)
	return body, err
}

// note marks the file as dead after a call that was given up.
func (f *File) note(err error) {
	if err != nil && errors.Is(err, ErrNoAnswer) {
		f.dead.Store(true)
	}
}

// use begins a call on the file. While it lasts no other file gets the fid's number.
func (f *File) use() error {
	if f.dead.Load() && !f.closed.Load() {
		return ErrNoAnswer
	}
	for {
		n := f.uses.Load()
		if n == 0 || f.closed.Load() {
			return syscall.EBADF
		}
		if f.uses.CompareAndSwap(n, n+1) {
			return nil
		}
	}
}

// endUse ends a call that use began. It is called once more after the fid is clunked.
func (f *File) endUse() {
	if f.uses.Add(-1) == 0 && !f.dead.Load() {
		f.conn.fids.give(f.fid)
	}
}

// wrap adds the call and the file to an error. nil stays nil.
func (f *File) wrap(call string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{call, text(f.path), err}
}

func text(path []string) string { return "/" + strings.Join(path, "/") }
