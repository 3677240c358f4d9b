package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/wire"
)

// mostEntries is the most entries of a directory: a faulty server could send them for ever.
const mostEntries = 1 << 20

var errEntries = fmt.Errorf("the directory has more than %d entries", mostEntries)

// errEntry is for a reply that ends within an entry.
var errEntry = errors.New("an entry of the directory is cut off")

// listing is the most bytes of entries that one request asks for.
const listing = 8 << 10

// ReadDir returns all entries of an open directory, in the server's order.
func (f *File) ReadDir(ctx context.Context) ([]p9.Dirent, error) {
	entries, err := f.readDir(ctx)
	return entries, f.wrap("list", err)
}

func (f *File) readDir(ctx context.Context) (entries []p9.Dirent, err error) {
	p := make([]byte, min(listing, f.conn.Unit()))
	for offset := uint64(0); len(entries) <= mostEntries; offset = entries[len(entries)-1].Offset {
		n, err := f.readEntries(ctx, p, offset)
		if err != nil || n == 0 {
			return entries, err
		}
		if entries, err = appendEntries(entries, p[:n]); err != nil {
			return nil, err
		}
	}
	return nil, errEntries
}

// readEntries makes one Treaddir.
func (f *File) readEntries(ctx context.Context, p []byte, offset uint64) (int, error) {
	c := newCall()
	defer c.free()
	c.request = wire.AppendReaddir(c.request, 0, f.fid, offset, uint32(len(p)))
	return f.data(ctx, c, p)
}

// appendEntries appends the entries of an Rreaddir.
func appendEntries(entries []p9.Dirent, p wire.Cursor) ([]p9.Dirent, error) {
	for len(p) > 0 {
		if len(p) < wire.DirentHead {
			return nil, errEntry
		}
		d := p9.Dirent{QID: p.QID(), Offset: p.U64(), Type: p9.QIDType(p.U8())}
		size := p // the name's size is in front of it
		if int(size.U16()) > len(size) {
			return nil, errEntry
		}
		d.Name = string(p.Str())
		entries = append(entries, d)
	}
	return entries, nil
}
