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
	"syscall"
	"time"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv"
)

// ninep is a target behind a 9P connection, attached as the user who runs this.
type ninep struct {
	client *p9.Client
	root   p9.File
}

var _ Target = (*ninep)(nil)

// dial connects and attaches.
func dial(ctx context.Context, e p9srv.Endpoint) (Target, error) {
	conn, err := e.Dial(ctx)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
		return nil, fmt.Errorf("%w (is fullex serve running there?)", err)
	}
	if err != nil {
		return nil, err
	}
	// The library waits for replies without looking at a context; a connection
	// that is gone ends the wait.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	t, err := attach(&claimant{Conn: conn, uid: uint32(os.Geteuid())})
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("no answer, is that a 9P server? %w", ctx.Err())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", e, err), ignoreClosed(conn.Close()))
	}
	return t, nil
}

func attach(conn *claimant) (*ninep, error) {
	client, err := p9.NewClient(conn)
	if err != nil {
		return nil, fmt.Errorf("agree on 9P2000.L: %w", local(err))
	}
	root, err := client.Attach("")
	if err != nil {
		return nil, fmt.Errorf("attach as uid %d: %w", conn.uid, local(err))
	}
	return &ninep{client, root}, nil
}

// walk makes a fid of a path. Of a path whose first part only exists the server
// returns that part's qids and makes no fid, which the library does not notice.
func (t *ninep) walk(path string) (p9.File, error) {
	names := elements(path)
	qids, file, err := t.root.Walk(names)
	if err == nil && len(qids) < len(names) {
		err = syscall.ENOENT
	}
	if err != nil {
		return nil, local(err)
	}
	return file, nil
}

// Open implements Target.
func (t *ninep) Open(path string, flags int) (File, error) {
	file, err := t.walk(path)
	if err != nil {
		return nil, fmt.Errorf("open /%s: %w", strings.Trim(path, "/"), err)
	}
	const accessMode = syscall.O_RDONLY | syscall.O_WRONLY | syscall.O_RDWR
	if _, _, err := file.Open(p9.OpenFlags(flags & accessMode)); err != nil {
		return nil, fmt.Errorf("open /%s: %w", strings.Trim(path, "/"), errors.Join(local(err), local(file.Close())))
	}
	return &ninepFile{file: file}, nil
}

// ninepFile is an open fid.
type ninepFile struct {
	file   p9.File
	offset int64
}

func (f *ninepFile) Read(p []byte) (int, error)  { return f.move(f.file.ReadAt(p, f.offset)) }
func (f *ninepFile) Write(p []byte) (int, error) { return f.move(f.file.WriteAt(p, f.offset)) }

// Close implements File. A connection that has ended took the fid with it.
func (f *ninepFile) Close() error {
	if err := local(f.file.Close()); !errors.Is(err, errEnded) {
		return err
	}
	return nil
}

// move goes on behind n bytes. The library makes a bare io.EOF of an empty
// reply, and wraps that of a connection.
func (f *ninepFile) move(n int, err error) (int, error) {
	f.offset += int64(n)
	if err == io.EOF {
		return n, nil
	}
	return n, local(err)
}

// Stat implements Target.
func (t *ninep) Stat(path string) (Entry, error) {
	e, err := t.stat(path)
	if err != nil {
		return Entry{}, fmt.Errorf("stat /%s: %w", strings.Trim(path, "/"), err)
	}
	return e, nil
}

func (t *ninep) stat(path string) (Entry, error) {
	file, err := t.walk(path)
	if err != nil {
		return Entry{}, err
	}
	qid, _, attr, err := file.GetAttr(p9.AttrMaskAll)
	if err := errors.Join(local(err), local(file.Close())); err != nil {
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
func (t *ninep) List(path string) ([]Entry, error) {
	entries, err := t.list(path)
	if err != nil {
		return nil, fmt.Errorf("list /%s: %w", strings.Trim(path, "/"), err)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

func (t *ninep) list(path string) (entries []Entry, err error) {
	file, err := t.walk(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, local(file.Close())) }()
	if _, _, err := file.Open(p9.ReadOnly); err != nil {
		return nil, local(err)
	}
	const pieceSize = 8 << 10 // bytes a reply may have
	for offset := uint64(0); ; {
		found, err := file.Readdir(offset, pieceSize)
		if err != nil {
			return nil, local(err)
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
func (t *ninep) Device() string { return deviceName }

// Close implements Target. The server closes all fids of the connection.
func (t *ninep) Close() error { return ignoreClosed(t.client.Close()) }

// errEnded stands for all the ways in which a connection can be found of no more
// use.
var errEnded = errors.New("the connection to the server has ended")

// local makes a reply's errno one of this system, and keeps other errors but
// those of an ended connection.
func local(err error) error {
	var errno linux.Errno
	if errors.As(err, &errno) {
		return p9srv.LocalErrno(errno)
	}
	var end p9.ConnError // it does not unwrap to what it was made of
	if errors.As(err, &end) || errors.Is(err, net.ErrClosed) {
		return errEnded
	}
	return err
}
