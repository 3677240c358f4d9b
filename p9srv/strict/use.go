package strict

import "fullex/p9srv/wire"

// judgeUse reports a request that does not suit the file of its fid.
func (c *conn) judgeUse(m wire.Frame) {
	switch m.Type() {
	case wire.Tflush:
		if uint16(m.Field("oldtag").Uint()) == m.Tag() {
			c.broke(flushItself, m)
		}
		return
	case wire.Twalk:
		if m.Field("names").Count() > maxNames {
			c.broke(namesTooMany, m)
		}
	case wire.Tfsync:
		if len(m.Body()) == 4 {
			c.broke(fsyncShort, m)
		}
	}
	fid := uint32(m.Field("fid").Uint())
	f := c.session.files[fid]
	if f == nil || isIn(c.flight.made, fid, &c.flight) {
		return // judgeFID has reported it
	}
	if isIn(c.flight.opening, fid, &c.flight) && needsOpen(m.Type()) {
		c.broke(fidBeforeReply, m)
		return
	}
	switch m.Type() {
	case wire.Twalk:
		c.judgeWalk(f, m)
	case wire.Tlopen, wire.Tlcreate:
		c.judgeOpen(f, m)
	case wire.Tread, wire.Twrite, wire.Treaddir, wire.Tfsync:
		c.judgeIO(f, m)
	}
}

// maxNames is MAXWELEM of walk(5).
const maxNames = 16

// needsOpen reports whether a request depends on whether its fid is open.
func needsOpen(typ wire.Type) bool {
	switch typ {
	case wire.Tlopen, wire.Tlcreate, wire.Tread, wire.Twrite, wire.Treaddir, wire.Tfsync:
		return true
	}
	return false
}

func (c *conn) judgeWalk(f *file, m wire.Frame) {
	if f.isOpen {
		c.broke(walkOpenFID, m)
	}
	if !f.isDir && m.Field("names").Count() > 0 {
		c.broke(walkFromFile, m)
	}
}

func (c *conn) judgeOpen(f *file, m wire.Frame) {
	if f.isOpen {
		c.broke(openTwice, m)
	}
	flags := uint32(m.Field("flags").Uint())
	if m.Type() == wire.Tlopen && f.isDir && (flags&accessMode != readOnly || flags&truncate != 0) {
		c.broke(openDirectoryWrite, m)
	}
}

// judgeIO reports reads and writes that the fid is not open for, or that are too large.
func (c *conn) judgeIO(f *file, m wire.Frame) {
	switch m.Type() {
	case wire.Tread:
		if f.isDir {
			c.broke(readDirectory, m)
		} else if !f.isReadable() {
			c.broke(ioNotOpen, m)
		}
		c.judgeCount(m, f.iounit)
	case wire.Twrite:
		if !f.isWritable() {
			c.broke(ioNotOpen, m)
		}
		if f.iounit > 0 && uint32(len(m.Field("data").Data())) > f.iounit {
			c.broke(countAboveIounit, m)
		}
	case wire.Treaddir:
		if !f.isDir {
			c.broke(readdirFile, m)
		} else if !f.isReadable() {
			c.broke(ioNotOpen, m)
		} else if !f.gave(m.Field("offset").Uint()) {
			c.broke(readdirOffset, m)
		}
		c.judgeCount(m, 0)
	case wire.Tfsync:
		if !f.isOpen {
			c.broke(ioNotOpen, m)
		}
	}
}

// judgeCount reports a count that is too large for a reply. iounit is 0 if none applies.
func (c *conn) judgeCount(m wire.Frame, iounit uint32) {
	count := uint32(m.Field("count").Uint())
	switch {
	case count > c.session.msize-wire.RreadHead:
		c.broke(countAboveMsize, m)
	case iounit > 0 && count > iounit:
		c.broke(countAboveIounit, m)
	}
}
