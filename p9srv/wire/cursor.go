package wire

import "github.com/hugelgupf/p9/p9"

// Cursor is the part of a message body that is not read yet. Each method reads the next field.
// It panics if the body is too short, so check [Frame.Fits] first. One goroutine uses a Cursor.
type Cursor []byte

// U8 reads one byte.
func (c *Cursor) U8() uint8 {
	v := (*c)[0]
	*c = (*c)[1:]
	return v
}

// U16 reads two bytes.
func (c *Cursor) U16() uint16 {
	v := le.Uint16(*c)
	*c = (*c)[2:]
	return v
}

// U32 reads four bytes.
func (c *Cursor) U32() uint32 {
	v := le.Uint32(*c)
	*c = (*c)[4:]
	return v
}

// U64 reads eight bytes.
func (c *Cursor) U64() uint64 {
	v := le.Uint64(*c)
	*c = (*c)[8:]
	return v
}

// Str reads a string field. The result shares memory with the message.
func (c *Cursor) Str() []byte {
	n := c.U16()
	v := (*c)[:n]
	*c = (*c)[n:]
	return v
}

// QID reads a qid.
func (c *Cursor) QID() p9.QID {
	return p9.QID{Type: p9.QIDType(c.U8()), Version: c.U32(), Path: c.U64()}
}

// Attr reads the fields of an Rgetattr after its qid, up to btime. 9P2000.L reserves btime, gen
// and data_version.
func (c *Cursor) Attr() p9.Attr {
	return p9.Attr{
		Mode: p9.FileMode(c.U32()), UID: p9.UID(c.U32()), GID: p9.GID(c.U32()), NLink: p9.NLink(c.U64()),
		RDev: p9.Dev(c.U64()), Size: c.U64(), BlockSize: c.U64(), Blocks: c.U64(),
		ATimeSeconds: c.U64(), ATimeNanoSeconds: c.U64(), MTimeSeconds: c.U64(), MTimeNanoSeconds: c.U64(),
		CTimeSeconds: c.U64(), CTimeNanoSeconds: c.U64(),
	}
}

// StatFS reads the body of an Rstatfs.
func (c *Cursor) StatFS() p9.FSStat {
	return p9.FSStat{
		Type: c.U32(), BlockSize: c.U32(), Blocks: c.U64(), BlocksFree: c.U64(), BlocksAvailable: c.U64(),
		Files: c.U64(), FilesFree: c.U64(), FSID: c.U64(), NameLength: c.U32(),
	}
}
