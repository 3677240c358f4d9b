package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hugelgupf/p9/p9"

	"fullex/device/contract"
	"fullex/p9srv/client"
	"fullex/p9srv/endpoint"
)

// remote is a target at the other end of a 9P connection. It is attached as the user of this
// process. Its calls wait for the server; Close ends them.
type remote struct {
	client *client.Conn
	root   *client.File
}

var _ Target = (*remote)(nil)

// dial connects to an endpoint and attaches the tree there.
func dial(ctx context.Context, e endpoint.Endpoint) (Target, error) {
	conn, err := client.Connect(ctx, e)
	if err != nil {
		return nil, err
	}
	t, err := attach(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e, err)
	}
	return t, nil
}

func attach(ctx context.Context, conn net.Conn) (*remote, error) {
	k, err := client.New(ctx, conn)
	if err != nil {
		return nil, err
	}
	root, err := k.AttachSelf(ctx)
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return &remote{k, root}, nil
}

// background is the context of calls at an open target, which only Close ends.
var background = context.Background()

// Open implements Target.
func (t *remote) Open(path string, flags int) (File, error) {
	const accessMode = syscall.O_RDONLY | syscall.O_WRONLY | syscall.O_RDWR
	file, err := t.root.OpenFile(background, uint32(flags&accessMode), elements(path)...)
	if err != nil {
		return nil, at("open", path, err)
	}
	return &remoteFile{file: file}, nil
}

// at adds the call and the path to an error, as the errors of a mount have them.
func at(call, path string, err error) error {
	return fmt.Errorf("%s /%s: %w", call, strings.Trim(path, "/"), cause(err))
}

// remoteFile is an open fid.
type remoteFile struct {
	file   *client.File
	offset atomic.Int64
}

func (f *remoteFile) Read(p []byte) (int, error) { return f.move(f.ReadAt(p, f.offset.Load())) }

func (f *remoteFile) Write(p []byte) (int, error) { return f.move(f.WriteAt(p, f.offset.Load())) }

// ReadAt implements Placed.
func (f *remoteFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.file.ReadAt(background, p, offset)
	return n, cause(err)
}

// WriteAt implements Placed.
func (f *remoteFile) WriteAt(p []byte, offset int64) (int, error) {
	n, err := f.file.WriteAt(background, p, offset)
	return n, cause(err)
}

// Close implements File. If the connection has ended, the fid is closed already.
func (f *remoteFile) Close() error {
	if err := f.file.Close(background); !errors.Is(err, client.ErrEnded) {
		return cause(err)
	}
	return nil
}

// move advances the offset by n bytes and returns its arguments.
func (f *remoteFile) move(n int, err error) (int, error) {
	f.offset.Add(int64(n))
	return n, err
}

// Order opens a file, sends n reads of 4 bytes at once and closes the file. It returns the
// numbers of the reads, from 0, in the order of their replies.
func (t *remote) Order(path string, n int) (order []int, err error) {
	f, err := t.root.OpenFile(background, syscall.O_RDWR, elements(path)...)
	if err != nil {
		return nil, at("open", path, err)
	}
	defer func() { err = errors.Join(err, cause(f.Close(background))) }()
	reads, order := make([]client.Op, n), make([]int, n)
	for i := range reads {
		reads[i], order[i] = client.Op{File: f, P: make([]byte, contract.ValueSize)}, i
	}
	t.client.Batch(background, reads)
	for _, read := range reads {
		if read.Turn == 0 {
			return nil, read.Err
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(reads[a].Turn, reads[b].Turn) })
	return order, nil
}

// Stat implements Target.
func (t *remote) Stat(path string) (Entry, error) {
	names := elements(path)
	file, err := t.root.Walk(background, names...)
	if err != nil {
		return Entry{}, at("stat", path, err)
	}
	qid, attr, err := file.Attr(background)
	if err := errors.Join(cause(err), cause(file.Close(background))); err != nil {
		return Entry{}, at("stat", path, err)
	}
	name := "/"
	if len(names) > 0 {
		name = names[len(names)-1]
	}
	return Entry{
		Name: name, Mode: attr.Mode.OSMode(), Inode: qid.Path, Links: uint64(attr.NLink),
		UID: uint32(attr.UID), GID: uint32(attr.GID), Size: int64(attr.Size),
		Modified: time.Unix(int64(attr.MTimeSeconds), int64(attr.MTimeNanoSeconds)),
	}, nil
}

// List implements Target.
func (t *remote) List(path string) (entries []Entry, err error) {
	file, err := t.root.OpenFile(background, syscall.O_RDONLY, elements(path)...)
	if err != nil {
		return nil, at("list", path, err)
	}
	found, err := file.ReadDir(background)
	if err := errors.Join(cause(err), cause(file.Close(background))); err != nil {
		return nil, at("list", path, err)
	}
	for _, d := range found {
		if d.Name != "." && d.Name != ".." {
			entries = append(entries, Entry{Name: d.Name, Mode: fs.FileMode(d.QID.Type&p9.TypeDir) << 24}) // fs.ModeDir is the bit of Plan 9
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

// Device implements Target.
func (t *remote) Device() string { return deviceName }

// Close implements Target. The server closes all fids of the connection.
func (t *remote) Close() error { return t.client.Close() }
