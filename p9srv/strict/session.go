package strict

import (
	"github.com/hugelgupf/p9/p9"

	"fullex/p9srv/wire"
)

// Bounds of what a connection holds.
const (
	maxFiles   = 1 << 16 // fids that are known
	maxOffsets = 4096    // directory offsets, of all fids together
)

// session is what the client and the server have agreed since the last Tversion.
type session struct {
	msize   uint32           // 0: no version is agreed
	files   map[uint32]*file // by fid
	offsets int              // in all files
	full    bool             // there were more fids than maxFiles: an unknown one may be right
}

// file is what a fid stands for.
type file struct {
	isDir   bool
	isOpen  bool
	mode    uint32              // access mode of the open
	iounit  uint32              // of Rlopen; 0: unknown
	offsets map[uint64]struct{} // of directory entries that were returned
	full    bool                // there were more offsets than maxOffsets
}

// Access modes of Tlopen.
const (
	accessMode = 0o3
	readOnly   = 0o0
	writeOnly  = 0o1
	truncate   = 0o1000
)

func (f *file) isReadable() bool { return f.isOpen && f.mode != writeOnly }
func (f *file) isWritable() bool { return f.isOpen && f.mode != readOnly }

// learn takes what a reply means. reply is nil if there was none.
func (c *conn) learn(m, reply wire.Frame) {
	done := reply != nil && reply.Fits() && reply.Type() == m.Type()+1
	if m.Type() == wire.Tversion {
		c.learnVersion(reply, done)
		return
	}
	mark(&c.flight.tags, m.Tag(), &c.flight)
	if !m.Fits() || m.Type()&1 != 0 {
		return
	}
	fid := uint32(m.Field("fid").Uint())
	switch m.Type() {
	case wire.Tflush:
		if old := uint16(m.Field("oldtag").Uint()); old != m.Tag() {
			mark(&c.flight.flushed, old, &c.flight)
		}
	case wire.Tattach:
		mark(&c.flight.made, fid, &c.flight)
		if done {
			c.session.put(fid, &file{isDir: isDir(reply.Body())})
		}
	case wire.Txattrwalk:
		mark(&c.flight.made, uint32(m.Field("newfid").Uint()), &c.flight)
	case wire.Twalk:
		c.learnWalk(m, reply, fid, done)
	case wire.Tclunk, wire.Tremove:
		c.learnClunk(fid)
	case wire.Tlopen:
		mark(&c.flight.opening, fid, &c.flight)
		if f := c.session.files[fid]; f != nil && done {
			f.isOpen, f.isDir = true, isDir(reply.Body())
			f.mode, f.iounit = uint32(m.Field("flags").Uint())&accessMode, uint32(reply.Field("iounit").Uint())
		}
	case wire.Treaddir:
		if f := c.session.files[fid]; f != nil && done {
			c.session.learnOffsets(f, reply.Field("data").Data())
		}
	}
}

// learnVersion starts a session.
func (c *conn) learnVersion(reply wire.Frame, done bool) {
	c.flight.forget() // Tversion aborts what is in flight
	c.flight.version = c.flight.call
	c.session, c.clunked = session{}, clunked{}
	if done && string(reply.Field("version").Data()) != wire.VersionUnknown {
		c.session.msize = uint32(reply.Field("msize").Uint())
	}
}

// learnWalk makes a fid if all names were walked (walk(5)).
func (c *conn) learnWalk(m, reply wire.Frame, fid uint32, done bool) {
	newFID := uint32(m.Field("newfid").Uint())
	mark(&c.flight.made, newFID, &c.flight)
	from, names := c.session.files[fid], m.Field("names").Count()
	if from == nil || !done || reply.Field("qids").Count() != names {
		return
	}
	to := &file{isDir: from.isDir}
	if names > 0 {
		to.isDir = isDir(reply[len(reply)-wire.QIDSize:])
	}
	c.session.put(newFID, to)
}

// learnClunk frees a fid, also if the reply is an error (clunk(5)).
func (c *conn) learnClunk(fid uint32) {
	if c.session.files[fid] != nil {
		mark(&c.flight.clunked, fid, &c.flight)
		c.clunked.add(fid)
		c.session.drop(fid)
	}
}

// isDir reports whether the qid at the start of b is that of a directory.
func isDir[B ~[]byte](b B) bool {
	c := wire.Cursor(b)
	return c.QID().Type&p9.TypeDir != 0
}

// put makes a fid.
func (s *session) put(fid uint32, f *file) {
	s.drop(fid)
	if len(s.files) >= maxFiles {
		s.full = true
		return
	}
	if s.files == nil {
		s.files = make(map[uint32]*file)
	}
	s.files[fid] = f
}

// drop forgets a fid.
func (s *session) drop(fid uint32) {
	if f := s.files[fid]; f != nil {
		s.offsets -= len(f.offsets)
		delete(s.files, fid)
	}
}

// learnOffsets remembers the offsets of directory entries.
func (s *session) learnOffsets(f *file, entries wire.Cursor) {
	for len(entries) >= wire.DirentHead && !f.full {
		entries.QID()
		offset := entries.U64()
		entries.U8()
		entries.Str()
		if _, known := f.offsets[offset]; known {
			continue
		}
		if s.offsets >= maxOffsets {
			s.offsets -= len(f.offsets)
			f.full, f.offsets = true, nil
			return
		}
		if f.offsets == nil {
			f.offsets = make(map[uint64]struct{})
		}
		f.offsets[offset] = struct{}{}
		s.offsets++
	}
}

// gave reports whether an offset may be asked for.
func (f *file) gave(offset uint64) bool {
	_, known := f.offsets[offset]
	return offset == 0 || known || f.full
}

// clunked are the fids that were clunked last.
type clunked struct {
	fids [64]uint32
	n    int // so far
}

func (c *clunked) add(fid uint32) {
	c.fids[c.n%len(c.fids)] = fid
	c.n++
}

func (c *clunked) has(fid uint32) bool {
	for _, one := range c.fids[:min(c.n, len(c.fids))] {
		if one == fid {
			return true
		}
	}
	return false
}
