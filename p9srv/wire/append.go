package wire

import "github.com/hugelgupf/p9/p9"

// Begin appends the head of a message, without its size. [End] sets the size.
func Begin(b []byte, typ Type, tag uint16) []byte {
	return append(b, 0, 0, 0, 0, byte(typ), byte(tag), byte(tag>>8))
}

// End sets the size of the message that begins at b[start] and ends at the end of b. It
// returns b.
func End(b []byte, start int) []byte {
	le.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// AppendU16 appends two bytes.
func AppendU16(b []byte, v uint16) []byte { return le.AppendUint16(b, v) }

// AppendU32 appends four bytes.
func AppendU32(b []byte, v uint32) []byte { return le.AppendUint32(b, v) }

// AppendU64 appends eight bytes.
func AppendU64(b []byte, v uint64) []byte { return le.AppendUint64(b, v) }

// AppendString appends a string field of at most 65,535 bytes.
func AppendString(b []byte, s string) []byte {
	return append(le.AppendUint16(b, uint16(len(s))), s...)
}

// AppendQID appends a qid.
func AppendQID(b []byte, q p9.QID) []byte {
	b = le.AppendUint32(append(b, byte(q.Type)), q.Version)
	return le.AppendUint64(b, q.Path)
}

// AppendAttr appends the fields of an Rgetattr after its qid. btime, gen and data_version are
// 0: 9P2000.L reserves them.
func AppendAttr(b []byte, a *p9.Attr) []byte {
	b = le.AppendUint32(b, uint32(a.Mode))
	b = le.AppendUint32(b, uint32(a.UID))
	b = le.AppendUint32(b, uint32(a.GID))
	for _, v := range [...]uint64{
		uint64(a.NLink), uint64(a.RDev), a.Size, a.BlockSize, a.Blocks,
		a.ATimeSeconds, a.ATimeNanoSeconds, a.MTimeSeconds, a.MTimeNanoSeconds,
		a.CTimeSeconds, a.CTimeNanoSeconds, 0, 0, 0, 0,
	} {
		b = le.AppendUint64(b, v)
	}
	return b
}

// AppendDirent appends an entry of an Rreaddir: DirentHead bytes and the name.
func AppendDirent(b []byte, d p9.Dirent) []byte {
	b = AppendQID(b, d.QID)
	b = le.AppendUint64(b, d.Offset)
	return AppendString(append(b, byte(d.Type)), d.Name)
}

// AppendStatFS appends the body of an Rstatfs.
func AppendStatFS(b []byte, s p9.FSStat) []byte {
	b = le.AppendUint32(b, s.Type)
	b = le.AppendUint32(b, s.BlockSize)
	for _, v := range [...]uint64{s.Blocks, s.BlocksFree, s.BlocksAvailable, s.Files, s.FilesFree, s.FSID} {
		b = le.AppendUint64(b, v)
	}
	return le.AppendUint32(b, s.NameLength)
}

// AppendEmpty appends a message without body.
func AppendEmpty(b []byte, typ Type, tag uint16) []byte {
	return append(b, HeadSize, 0, 0, 0, byte(typ), byte(tag), byte(tag>>8))
}

// AppendError appends an Rlerror with an errno of Linux.
func AppendError(b []byte, tag uint16, errno uint32) []byte {
	b = append(b, RlerrorSize, 0, 0, 0, byte(Rlerror), byte(tag), byte(tag>>8))
	return le.AppendUint32(b, errno)
}

// AppendVersion appends a Tversion or an Rversion, as typ says.
func AppendVersion(b []byte, typ Type, tag uint16, msize uint32, version string) []byte {
	start := len(b)
	b = le.AppendUint32(Begin(b, typ, tag), msize)
	return End(AppendString(b, version), start)
}

// AppendAttach appends a Tattach without authentication.
func AppendAttach(b []byte, tag uint16, fid uint32, aname string, uid uint32) []byte {
	start := len(b)
	b = le.AppendUint32(Begin(b, Tattach, tag), fid)
	b = le.AppendUint32(b, NoFID)
	b = AppendString(AppendString(b, ""), aname)
	return End(le.AppendUint32(b, uid), start)
}

// AppendWalk appends a Twalk.
func AppendWalk(b []byte, tag uint16, fid, newFID uint32, names ...string) []byte {
	start := len(b)
	b = le.AppendUint32(Begin(b, Twalk, tag), fid)
	b = le.AppendUint32(b, newFID)
	b = le.AppendUint16(b, uint16(len(names)))
	for _, name := range names {
		b = AppendString(b, name)
	}
	return End(b, start)
}

// AppendOpen appends a Tlopen. Its flags are those of Linux on x86-64.
func AppendOpen(b []byte, tag uint16, fid, flags uint32) []byte {
	start := len(b)
	b = le.AppendUint32(Begin(b, Tlopen, tag), fid)
	return End(le.AppendUint32(b, flags), start)
}

// AppendRead appends a Tread.
func AppendRead(b []byte, tag uint16, fid uint32, offset uint64, count uint32) []byte {
	b = append(b, TreadSize, 0, 0, 0, byte(Tread), byte(tag), byte(tag>>8))
	b = le.AppendUint32(b, fid)
	b = le.AppendUint64(b, offset)
	return le.AppendUint32(b, count)
}

// AppendReaddir appends a Treaddir.
func AppendReaddir(b []byte, tag uint16, fid uint32, offset uint64, count uint32) []byte {
	start := len(b)
	b = AppendRead(b, tag, fid, offset, count)
	b[start+4] = byte(Treaddir)
	return b
}

// AppendWrite appends a Twrite.
func AppendWrite(b []byte, tag uint16, fid uint32, offset uint64, data []byte) []byte {
	start := len(b)
	b = le.AppendUint32(Begin(b, Twrite, tag), fid)
	b = le.AppendUint64(b, offset)
	b = le.AppendUint32(b, uint32(len(data)))
	return End(append(b, data...), start)
}

// AppendGetattr appends a Tgetattr.
func AppendGetattr(b []byte, tag uint16, fid uint32, mask uint64) []byte {
	start := len(b)
	b = le.AppendUint32(Begin(b, Tgetattr, tag), fid)
	return End(le.AppendUint64(b, mask), start)
}

// AppendSetattr appends a Tsetattr.
func AppendSetattr(b []byte, tag uint16, fid uint32, valid p9.SetAttrMask, a *p9.SetAttr) []byte {
	start := len(b)
	b = le.AppendUint32(Begin(b, Tsetattr, tag), fid)
	b = le.AppendUint32(b, SetAttrBits(valid))
	b = le.AppendUint32(b, uint32(a.Permissions))
	b = le.AppendUint32(b, uint32(a.UID))
	b = le.AppendUint32(b, uint32(a.GID))
	for _, v := range [...]uint64{a.Size, a.ATimeSeconds, a.ATimeNanoSeconds, a.MTimeSeconds, a.MTimeNanoSeconds} {
		b = le.AppendUint64(b, v)
	}
	return End(b, start)
}

// AppendFID appends a request whose body is only a fid: Tclunk, Tremove, Tstatfs, Treadlink,
// or a Tfsync without datasync.
func AppendFID(b []byte, typ Type, tag uint16, fid uint32) []byte {
	start := len(b)
	return End(le.AppendUint32(Begin(b, typ, tag), fid), start)
}

// AppendFlush appends a Tflush of the request with the tag old.
func AppendFlush(b []byte, tag, old uint16) []byte {
	start := len(b)
	return End(le.AppendUint16(Begin(b, Tflush, tag), old), start)
}
