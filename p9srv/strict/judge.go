package strict

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"fullex/p9srv/wire"
)

// judge reports the rules that a request breaks. It is called before learn.
func (c *conn) judge(m wire.Frame) {
	c.judgeTag(m)
	if c.flight.versionAwaited() {
		c.broke(versionAwaited, m)
	}
	switch {
	case m.Type() == wire.Tversion:
		c.judgeVersion(m)
	case c.session.msize == 0:
		if !c.flight.versionAwaited() { // which the server refused
			c.broke(versionFirst, m)
		}
	case !m.Known() || m.Type()&1 != 0:
		c.broke(typeUnknown, m)
	case !hasRightBody(m):
		c.broke(malformed, m)
	default:
		c.judgeFields(m)
		c.judgeUse(m)
	}
}

// hasRightBody reports whether the body is the fields of the type. Tfsync may lack datasync.
func hasRightBody(m wire.Frame) bool {
	n := len(m.Body())
	return m.Fits() && (m.Type() != wire.Tfsync || n == 4 || n == 8)
}

func (c *conn) judgeTag(m wire.Frame) {
	switch tag := m.Tag(); {
	case tag == wire.NoTag:
		if m.Type() != wire.Tversion {
			c.broke(tagNoTag, m)
		}
	case isIn(c.flight.flushed, tag, &c.flight):
		c.broke(tagFlushed, m)
	case isIn(c.flight.tags, tag, &c.flight):
		c.broke(tagInUse, m)
	}
}

func (c *conn) judgeVersion(m wire.Frame) {
	if m.Tag() != wire.NoTag {
		c.broke(versionTag, m)
	}
	if len(c.session.files) > 0 {
		c.broke(versionAgain, m)
	}
	if !m.Fits() {
		c.broke(malformed, m)
		return
	}
	version := m.Field("version").Data()
	c.judgeString(version, m)
	if !bytes.HasPrefix(version, []byte("9P")) {
		c.broke(versionString, m)
	}
}

// judgeHead is judge for a frame that the server did not take: it ends the connection.
func (c *conn) judgeHead(b []byte) {
	if len(b) < 4 {
		return
	}
	details := []any{"size", wire.Size(b), "msize", c.session.msize}
	typ := wire.Tversion
	if len(b) > 4 {
		typ = wire.Type(b[4])
		details = append(details, "type", typ.String())
	}
	switch size := wire.Size(b); {
	case size < wire.HeadSize:
		c.report(frameShort, details...)
	case c.session.msize == 0:
		if typ != wire.Tversion {
			c.report(versionFirst, details...)
		}
	case size > c.session.msize:
		c.report(frameAboveMsize, details...)
	}
}

// judgeFields reports fields that are wrong whatever the request is for.
func (c *conn) judgeFields(m wire.Frame) {
	fields, _ := m.Fields()
	for name, field := range fields {
		switch name {
		case "data":
			continue
		case "fid":
			if m.Type() == wire.Tattach {
				c.judgeNewFID(uint32(field.Uint()), m)
				continue
			}
			c.judgeFID(uint32(field.Uint()), m)
		case "dfid", "olddirfid", "newdirfid":
			c.judgeFID(uint32(field.Uint()), m)
		case "newfid":
			if m.Type() == wire.Txattrwalk || field.Uint() != m.Field("fid").Uint() {
				c.judgeNewFID(uint32(field.Uint()), m)
			}
		case "afid":
			c.judgeAFID(uint32(field.Uint()), m)
		case "name", "oldname", "newname":
			c.judgeName(field.Data(), m)
		case "names":
			for _, one := range field.Names() {
				c.judgeString([]byte(one), m)
				c.judgeName([]byte(one), m)
			}
		}
		c.judgeString(field.Data(), m)
	}
}

// judgeFID reports a fid that stands for no file.
func (c *conn) judgeFID(fid uint32, m wire.Frame) {
	switch {
	case fid == wire.NoFID:
		c.broke(fidNoFID, m)
	case isIn(c.flight.made, fid, &c.flight):
		c.broke(fidBeforeReply, m)
	case c.session.files[fid] != nil || c.session.full:
	case c.clunked.has(fid):
		c.broke(fidClunked, m)
	default:
		c.broke(fidUnknown, m)
	}
}

// judgeNewFID reports a fid that cannot be made.
func (c *conn) judgeNewFID(fid uint32, m wire.Frame) {
	switch {
	case fid == wire.NoFID:
		c.broke(fidNoFID, m)
	case isIn(c.flight.made, fid, &c.flight):
		c.broke(fidBeforeReply, m)
	case c.session.files[fid] != nil:
		c.broke(newfidInUse, m)
	case isIn(c.flight.clunked, fid, &c.flight):
		c.broke(fidBeforeRclunk, m)
	}
}

// judgeAFID reports an afid that cannot be right: the server never makes one.
func (c *conn) judgeAFID(afid uint32, m wire.Frame) {
	switch {
	case m.Type() == wire.Tauth:
		c.judgeNewFID(afid, m)
	case afid != wire.NoFID:
		c.broke(afidUnknown, m)
	}
}

func (c *conn) judgeString(s []byte, m wire.Frame) {
	if bytes.IndexByte(s, 0) >= 0 {
		c.broke(stringNUL, m)
	}
	if !utf8.Valid(s) {
		c.broke(stringUTF8, m)
	}
}

// judgeName reports what cannot be the name of a file. Those of attributes are free.
func (c *conn) judgeName(name []byte, m wire.Frame) {
	typ := m.Type()
	if typ == wire.Txattrwalk || typ == wire.Txattrcreate {
		return
	}
	switch {
	case len(name) == 0:
		c.broke(nameEmpty, m)
	case string(name) == ".":
		c.broke(nameDot, m)
	case slices.Contains(name, '/'):
		c.broke(nameSlash, m)
	case string(name) != "..":
	case typ == wire.Twalk:
		c.broke(walkDotDot, m)
	default:
		c.broke(nameDotDot, m)
	}
}
