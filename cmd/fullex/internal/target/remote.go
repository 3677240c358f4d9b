package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hugelgupf/p9/p9"

	"fullex/cmd/fullex/internal/ninep"
	"fullex/p9srv/endpoint"
)

// remote is a target behind a 9P connection, attached as the user who runs this.
type remote struct {
	client *ninep.Client
	root   p9.File
}

var _ Target = (*remote)(nil)

// dial connects and attaches.
func dial(ctx context.Context, e endpoint.Endpoint) (Target, error) {
	conn, err := ninep.Dial(ctx, e)
	if err != nil {
		return nil, err
	}
	var t *remote
	err = ninep.Within(ctx, conn, func() (err error) {
		t, err = attach(conn)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e, err)
	}
	return t, nil
}

func attach(conn net.Conn) (*remote, error) {
	client, err := ninep.New(conn)
	if err != nil {
		return nil, err
	}
	root, err := client.Attach(uint32(os.Geteuid()))
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &remote{client, root}, nil
}

func (t *remote) walk(path string) (p9.File, error) { return ninep.Walk(t.root, elements(path)) }

// Open implements Target.
func (t *remote) Open(path string, flags int) (File, error) {
	file, err := t.walk(path)
	if err != nil {
		return nil, fmt.Errorf("open /%s: %w", strings.Trim(path, "/"), err)
	}
	const accessMode = syscall.O_RDONLY | syscall.O_WRONLY | syscall.O_RDWR
	if _, _, err := file.Open(p9.OpenFlags(flags & accessMode)); err != nil {
		return nil, fmt.Errorf("open /%s: %w", strings.Trim(path, "/"), errors.Join(ninep.Local(err), ninep.Local(file.Close())))
	}
	return &remoteFile{file: file}, nil
}

// remoteFile is an open fid.
type remoteFile struct {
	file   p9.File
	offset atomic.Int64
}

// oneMessage is the most that one call reads or writes, in bytes. The library makes
// several messages of more than its own limit, which follows from the msize.
const oneMessage = 32 << 10

func (f *remoteFile) Read(p []byte) (int, error) {
	return f.move(f.ReadAt(p[:min(len(p), oneMessage)], f.offset.Load()))
}

func (f *remoteFile) Write(p []byte) (int, error) { return f.move(f.WriteAt(p, f.offset.Load())) }

// ReadAt implements File. The library makes a bare io.EOF of an empty reply, and
// wraps that of a connection.
func (f *remoteFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.file.ReadAt(p, offset)
	if err == io.EOF {
		return n, nil
	}
	return n, ninep.Local(err)
}

// WriteAt implements File.
func (f *remoteFile) WriteAt(p []byte, offset int64) (int, error) {
	n, err := f.file.WriteAt(p, offset)
	return n, ninep.Local(err)
}

// Close implements File. A connection that has ended took the fid with it.
func (f *remoteFile) Close() error {
	if err := ninep.Local(f.file.Close()); !errors.Is(err, ninep.ErrEnded) {
		return err
	}
	return nil
}

// move goes on behind n bytes.
func (f *remoteFile) move(n int, err error) (int, error) {
	f.offset.Add(int64(n))
	return n, err
}

// Stat implements Target.
func (t *remote) Stat(path string) (Entry, error) {
	e, err := t.stat(path)
	if err != nil {
		return Entry{}, fmt.Errorf("stat /%s: %w", strings.Trim(path, "/"), err)
	}
	return e, nil
}

func (t *remote) stat(path string) (Entry, error) {
	file, err := t.walk(path)
	if err != nil {
		return Entry{}, err
	}
	qid, _, attr, err := file.GetAttr(p9.AttrMaskAll)
	if err := errors.Join(ninep.Local(err), ninep.Local(file.Close())); err != nil {
		return Entry{}, err
	}
	name := "/"
	if names := elements(path); len(names) > 0 {
		name = names[len(names)-1]
	}
	return Entry{
		Name: name, Mode: attr.Mode.OSMode(), Inode: qid.Path, Links: uint64(attr.NLink),
		UID: uint32(attr.UID), GID: uint32(attr.GID), Size: int64(attr.Size),
		Modified: time.Unix(int64(attr.MTimeSeconds), int64(attr.MTimeNanoSeconds)),
	}, nil
}

// List implements Target.
func (t *remote) List(path string) ([]Entry, error) {
	entries, err := t.list(path)
	if err != nil {
		return nil, fmt.Errorf("list /%s: %w", strings.Trim(path, "/"), err)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

func (t *remote) list(path string) (entries []Entry, err error) {
	file, err := t.walk(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ninep.Local(file.Close())) }()
	if _, _, err := file.Open(p9.ReadOnly); err != nil {
		return nil, ninep.Local(err)
	}
	const pieceSize = 8 << 10 // bytes a reply may have
	for offset := uint64(0); ; {
		found, err := file.Readdir(offset, pieceSize)
		if err != nil {
			return nil, ninep.Local(err)
		}
		if len(found) == 0 {
			return entries, nil
		}
		for _, d := range found {
			if d.Name != "." && d.Name != ".." {
				entries = append(entries, Entry{Name: d.Name, Mode: typeOf(d.QID)})
			}
			offset = d.Offset
		}
	}
}

func typeOf(q p9.QID) fs.FileMode {
	if q.Type&p9.TypeDir != 0 {
		return fs.ModeDir
	}
	return 0
}

// Device implements Target.
func (t *remote) Device() string { return deviceName }

// Close implements Target. The server closes all fids of the connection.
func (t *remote) Close() error { return t.client.Close() }
