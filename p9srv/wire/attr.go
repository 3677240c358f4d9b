package wire

import "github.com/hugelgupf/p9/p9"

// AttrBits returns m in the form of an Rgetattr (P9_GETATTR_* in Linux's
// include/net/9p/9p.h). It leaves out btime, gen and data_version, which 9P2000.L reserves.
func AttrBits(m p9.AttrMask) uint64 {
	var bits uint64
	for i, set := range [...]bool{
		m.Mode, m.NLink, m.UID, m.GID, m.RDev, m.ATime, m.MTime, m.CTime, m.INo, m.Size, m.Blocks,
	} {
		if set {
			bits |= 1 << i
		}
	}
	return bits
}

// SetAttrBits returns m in the form of a Tsetattr (P9_SETATTR_*).
func SetAttrBits(m p9.SetAttrMask) uint32 {
	var bits uint32
	for i, set := range [...]bool{
		m.Permissions, m.UID, m.GID, m.Size, m.ATime, m.MTime, m.CTime, m.ATimeNotSystemTime, m.MTimeNotSystemTime,
	} {
		if set {
			bits |= 1 << i
		}
	}
	return bits
}

// SetAttr reads two fields of a Tsetattr after its fid: which attributes to set, and the size.
// It skips mode, uid and gid, and does not read the times.
func (c *Cursor) SetAttr() (valid p9.SetAttrMask, size uint64) {
	bits := c.U32()
	set := func(bit int) bool { return bits>>bit&1 != 0 }
	*c = (*c)[3*4:] // mode, uid, gid
	return p9.SetAttrMask{
		Permissions: set(0), UID: set(1), GID: set(2), Size: set(3),
		ATime: set(4), MTime: set(5), CTime: set(6), ATimeNotSystemTime: set(7), MTimeNotSystemTime: set(8),
	}, c.U64()
}
