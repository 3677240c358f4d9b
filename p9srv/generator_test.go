package p9srv

import "fullex/p9srv/wire"

// generator makes messages from the bytes of a script. Most messages make sense on the
// connection ref. After the end of the script, every choice is the first.
type generator struct {
	script []byte
	ref    *refConn
}

// generatedFIDs is how many fids the messages use. They are few, so that most messages use a
// fid that another message has used.
const generatedFIDs = 6

// number returns a number below n, from the next byte of the script.
func (g *generator) number(n int) int {
	if len(g.script) == 0 {
		return 0
	}
	v := int(g.script[0]) % n
	g.script = g.script[1:]
	return v
}

func (g *generator) fid() uint32 {
	n := uint32(g.number(40))
	if n == 39 {
		return wire.NoFID
	}
	return n % generatedFIDs
}

// fidWhere mostly returns a fid for which holds returns true. holds gets nil for a fid that
// does not exist.
func (g *generator) fidWhere(holds func(*refFID) bool) uint32 {
	var list []uint32
	for fid := range uint32(generatedFIDs) {
		if holds(g.ref.fids[fid]) {
			list = append(list, fid)
		}
	}
	if len(list) == 0 || g.number(8) == 7 {
		return g.fid()
	}
	return list[g.number(len(list))]
}

func isFree(f *refFID) bool       { return f == nil }
func isWalkable(f *refFID) bool   { return f != nil && f.isDir() }
func isDeviceOpen(f *refFID) bool { return f != nil && f.session != nil }
func isClosed(f *refFID) bool     { return f != nil && !f.opened && !f.isDir() }

var generatedNames = []string{"full_ex", "full_ex", "each", "pid", "7", "8", "0", "..", "", "nosuch", "a/b", "x\x00", "4194303", "4194304"}

func (g *generator) name() string { return generatedNames[g.number(len(generatedNames))] }

// message makes the next message. It damages one message in 32.
func (g *generator) message() []byte {
	m := g.whole()
	if g.number(32) != 31 || len(m) == wire.HeadSize {
		return m
	}
	if at := wire.HeadSize + g.number(len(m)-wire.HeadSize); g.number(2) == 0 {
		m = wire.End(m[:at], 0)
	} else {
		m[at] ^= byte(1 << g.number(8))
	}
	return m
}

func (g *generator) whole() []byte {
	tag := uint16(g.number(4))
	switch g.number(16) {
	case 0, 1, 2:
		return g.read(tag)
	case 3, 4, 5, 6:
		return g.write(tag)
	case 7, 8, 9:
		return g.walk(tag)
	case 10, 11:
		return frame(wire.Tlopen, tag, g.fidWhere(isClosed), uint32([]uint32{2, 2, 2, 0, 1, 3, 0o4002, 0o100002, 0o104002}[g.number(9)]))
	case 12:
		return frame(wire.Tclunk, tag, g.fid())
	case 13:
		return frame(wire.Tattach, tag, g.fidWhere(isFree), uint32(wire.NoFID), "", []string{"", "/", "each", "/pid/7/", g.name()}[g.number(5)], uint32(g.number(2)))
	default:
		return g.rare(tag)
	}
}

func (g *generator) read(tag uint16) []byte {
	counts := []uint32{4, 4, 4, 5, 4096, 1 << 31, 0, 3}
	fid := g.fidWhere(isDeviceOpen)
	if f := g.ref.fids[fid]; f != nil && len(f.pending) > 0 && g.number(2) == 1 {
		p := f.pending[g.number(len(f.pending))] // the follow-up of the Linux client
		return frame(wire.Tread, tag, fid, p.offset, p.lo+uint32(g.number(int(p.hi-p.lo)+1)))
	}
	return frame(wire.Tread, tag, fid, uint64(g.number(9)), counts[g.number(len(counts))])
}

// write makes a Twrite. The first one mostly sets a small capacity, so that deques get full.
func (g *generator) write(tag uint16) []byte {
	fid := g.fidWhere(isDeviceOpen)
	sizes := []int{4, 4, 4, 4, 4, 1, 0, 2, 5}
	f := g.ref.fids[fid]
	if isDeviceOpen(f) && f.session.Capacity == 0 && g.number(4) < 3 {
		return frame(wire.Twrite, tag, fid, uint64(0), uint32(1), []byte{byte(g.number(6))})
	}
	p := make([]byte, sizes[g.number(len(sizes))])
	for i := range p {
		p[i] = byte(g.number(256))
	}
	return frame(wire.Twrite, tag, fid, uint64(g.number(9)), uint32(len(p)), p)
}

// walk makes a Twalk, mostly to a device file.
func (g *generator) walk(tag uint16) []byte {
	from, to := g.fidWhere(isWalkable), g.fidWhere(isFree)
	if g.number(8) == 7 {
		to = from
	}
	paths := [][]any{
		{uint16(1), "full_ex"}, {uint16(1), "full_ex"}, {uint16(2), "each", "full_ex"}, {uint16(3), "pid", "7", "full_ex"},
		{uint16(3), "pid", "8", "full_ex"}, {uint16(0)}, {uint16(1), g.name()}, {uint16(2), g.name(), g.name()},
	}
	return frame(wire.Twalk, tag, append([]any{from, to}, paths[g.number(len(paths))]...)...)
}

func (g *generator) rare(tag uint16) []byte {
	switch g.number(13) {
	case 0:
		return frame(wire.Tversion, tag, uint32(8192), []string{wire.Version9P2000L, "9P2000", "9P2000.L.Google.7"}[g.number(3)])
	case 1:
		return frame(wire.Tremove, tag, g.fid())
	case 2:
		return frame(wire.Tflush, tag, uint16(g.number(4)))
	case 3:
		return frame(wire.Treaddir, tag, g.fidWhere(isWalkable), uint64(g.number(5)), uint32(g.number(200)))
	case 4:
		return frame(wire.Tsetattr, tag, g.fid(), uint32(g.number(512)), make([]byte, 12), uint64(g.number(12)), make([]byte, 32))
	case 5:
		return frame(wire.Tunlinkat, tag, g.fid(), g.name(), uint32(0))
	case 6:
		return frame(wire.Txattrwalk, tag, g.fid(), g.fid(), g.name())
	case 7:
		return frame(wire.Tlcreate, tag, g.fid(), g.name(), uint32(2), uint32(0o666), uint32(0))
	case 8:
		return frame(wire.Tlock, tag, g.fid(), uint8(1), uint32(0), uint64(0), uint64(0), uint32(1), "host")
	case 9:
		return frame(wire.Tfsync, tag, g.fid())
	case 10:
		return frame(wire.Tstatfs, tag, g.fid())
	case 11:
		return frame(wire.Tgetattr, tag, g.fid(), []uint64{0x7ff, v9fsMask, v9fsMask}[g.number(3)])
	default:
		return frame(wire.Type(g.number(255)), tag, g.fid())
	}
}
