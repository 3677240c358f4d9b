package client

import (
	"context"

	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/wire"
)

// allAttrs is P9_GETATTR_ALL of Linux's include/net/9p/9p.h.
const allAttrs = 0x3fff

// attrSize is the least size of an Rgetattr's body, in bytes: valid[8] qid[13], 3 fields of
// 4 bytes and 11 of 8.
const attrSize = 8 + wire.QIDSize + 3*4 + 11*8

// Attr returns the file's attributes.
func (f *File) Attr(ctx context.Context) (p9.QID, p9.Attr, error) {
	c := newCall()
	defer c.free()
	c.request = wire.AppendGetattr(c.request, 0, f.fid, allAttrs)
	body, err := f.do(ctx, c)
	if err == nil && len(body) < attrSize {
		err = errReply
	}
	if err != nil {
		return p9.QID{}, p9.Attr{}, f.wrap("stat", err)
	}
	body.U64()
	return body.QID(), body.Attr(), nil
}

// SetAttr asks the server to set those attributes that valid names.
func (f *File) SetAttr(ctx context.Context, valid p9.SetAttrMask, attr p9.SetAttr) error {
	c := newCall()
	defer c.free()
	c.request = wire.AppendSetattr(c.request, 0, f.fid, valid, &attr)
	_, err := f.do(ctx, c)
	return f.wrap("set attributes of", err)
}

// statSize is the size of an Rstatfs's body, in bytes: 3 fields of 4 bytes and 6 of 8.
const statSize = 3*4 + 6*8

// StatFS returns the sizes and limits of the server's file system.
func (f *File) StatFS(ctx context.Context) (p9.FSStat, error) {
	c := newCall()
	defer c.free()
	c.request = wire.AppendFID(c.request, wire.Tstatfs, 0, f.fid)
	body, err := f.do(ctx, c)
	if err == nil && len(body) < statSize {
		err = errReply
	}
	if err != nil {
		return p9.FSStat{}, f.wrap("statfs", err)
	}
	return body.StatFS(), nil
}

// Sync makes a Tfsync.
func (f *File) Sync(ctx context.Context) error {
	c := newCall()
	defer c.free()
	c.request = wire.AppendFID(c.request, wire.Tfsync, 0, f.fid)
	_, err := f.do(ctx, c)
	return f.wrap("sync", err)
}
