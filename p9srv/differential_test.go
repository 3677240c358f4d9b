package p9srv

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/p9srv/tree"
	"fullex/p9srv/wire"
)

// TestFrontAnswersLikeTheLibrarysServer sends valid conversations of one user to the front
// and to the server of hugelgupf/p9 with [Server.Attacher]. It compares every reply.
func TestFrontAnswersLikeTheLibrarysServer(t *testing.T) {
	for seed := range uint64(40) {
		user := device.User{Conn: "one", UID: 1000, Claimed: 1000}
		library := newLibraryTalk(t, user)
		front := newTalk(t, &Server{})
		front.peer.conn = user.Conn
		library.answer(frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L))
		front.start(user.UID)
		library.answer(frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", user.UID))
		g := &legal{random: rand.New(rand.NewPCG(seed, 7)), fids: map[uint32]*legalFID{0: {dir: true}}}
		for range 400 {
			request := g.message()
			_, got, err := front.Process(request, nil)
			require.NoError(t, err)
			want := library.answer(request)
			require.Equal(t, comparable9P(want), comparable9P(got), "seed %d: %s\nlibrary: %s\nfront:   %s",
				seed, wire.Frame(request).Line(), wire.Frame(want).Line(), wire.Frame(got).Line())
			g.learn(request, got)
		}
	}
}

// comparable9P returns a reply without the iounit, which each server may choose.
func comparable9P(reply wire.Frame) []byte {
	if reply.Type() == wire.Rlopen {
		return reply[:len(reply)-4]
	}
	return reply
}

// libraryTalk is a connection to the server of the library hugelgupf/p9.
type libraryTalk struct {
	t    *testing.T
	conn net.Conn
}

func newLibraryTalk(t *testing.T, user device.User) *libraryTalk {
	t.Helper()
	srv := &Server{}
	srv.init()
	srv.tree = tree.New(srv.Kernel, time.Unix(1, 2))
	here, there := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- p9.NewServer(srv.Attacher(user)).Handle(there, there) }()
	t.Cleanup(func() {
		require.NoError(t, here.Close())
		require.NoError(t, <-done)
		require.Zero(t, srv.Kernel.Sessions())
	})
	return &libraryTalk{t, here}
}

// answer sends a message and returns the reply.
func (l *libraryTalk) answer(request []byte) wire.Frame {
	l.t.Helper()
	_, err := l.conn.Write(request)
	require.NoError(l.t, err)
	reply := make([]byte, wire.HeadSize)
	_, err = io.ReadFull(l.conn, reply)
	require.NoError(l.t, err)
	reply = append(reply, make([]byte, wire.Size(reply)-wire.HeadSize)...)
	_, err = io.ReadFull(l.conn, reply[wire.HeadSize:])
	require.NoError(l.t, err)
	return reply
}

// legal generates messages that both servers must answer alike. It leaves out what the
// library is known to get wrong: partial walks, Tremove, extended attributes, and messages
// with several errors. It also leaves out kmsg and sessions, whose texts contain times.
type legal struct {
	random *rand.Rand
	fids   map[uint32]*legalFID
	next   *legalFID // what the newfid of the last Twalk becomes
}

type legalFID struct {
	dir    bool
	device bool
	opened bool
	flags  uint32
}

const legalFIDs = 8

// pick returns a fid for which ok holds.
func (g *legal) pick(ok func(*legalFID) bool) (uint32, *legalFID) {
	var list []uint32
	for number, f := range g.fids {
		if ok(f) {
			list = append(list, number)
		}
	}
	if len(list) == 0 {
		return 0, nil
	}
	slices.Sort(list)
	number := list[g.random.IntN(len(list))]
	return number, g.fids[number]
}

func (g *legal) message() []byte {
	tag := uint16(g.random.IntN(100))
	g.next = nil
	for {
		if m := g.try(tag); m != nil {
			return m
		}
	}
}

// try makes a random message. It returns nil if no fid fits the message.
func (g *legal) try(tag uint16) []byte {
	switch g.random.IntN(14) {
	case 0, 1, 2:
		return g.walk(tag)
	case 3, 4:
		number, f := g.pick(func(f *legalFID) bool { return !f.opened })
		if number == 0 || f == nil { // walks start at fid 0
			return nil
		}
		flags := uint32(0)
		if !f.dir {
			flags = uint32(g.random.IntN(3))
		}
		return wire.AppendOpen(nil, tag, number, flags)
	case 5, 6, 7:
		number, f := g.pick(func(f *legalFID) bool { return f.opened && !f.dir && f.flags != tree.WriteOnly })
		if f == nil {
			return nil
		}
		return wire.AppendRead(nil, tag, number, uint64(g.random.IntN(200)), uint32([]int{0, 1, 3, 4, 5, 100}[g.random.IntN(6)]))
	case 8, 9, 10:
		return g.write(tag)
	case 11:
		number, f := g.pick(func(f *legalFID) bool { return true })
		if number == 0 || f == nil {
			return nil
		}
		return wire.AppendFID(nil, wire.Tclunk, tag, number)
	case 12:
		number, f := g.pick(func(f *legalFID) bool { return f.opened && f.dir })
		if f == nil {
			return nil
		}
		return wire.AppendReaddir(nil, tag, number, uint64(g.random.IntN(5)), uint32(100+g.random.IntN(400)))
	}
	return g.rare(tag)
}

// walk makes a Twalk that clones a fid, walks along existing names, or walks to an unknown
// name.
func (g *legal) walk(tag uint16) []byte {
	to := uint32(g.random.IntN(legalFIDs))
	if g.fids[to] != nil {
		return nil
	}
	from, f := g.pick(func(f *legalFID) bool { return f.dir && !f.opened })
	if f == nil {
		return nil
	}
	if from != 0 && g.random.IntN(2) == 0 {
		g.next = f
		return wire.AppendWalk(nil, tag, from, to)
	}
	if from != 0 {
		return wire.AppendWalk(nil, tag, from, to, "nosuch")
	}
	paths := []struct {
		names []string
		is    legalFID
	}{
		{[]string{"full_ex"}, legalFID{device: true}}, {[]string{"each", "full_ex"}, legalFID{device: true}},
		{[]string{"pid", "7", "full_ex"}, legalFID{device: true}}, {[]string{"minimal_proc_lkm"}, legalFID{device: true}},
		{[]string{"each"}, legalFID{dir: true}}, {[]string{"pid"}, legalFID{dir: true}}, {[]string{"pid", "4194303"}, legalFID{dir: true}},
		{[]string{"modules"}, legalFID{}}, {[]string{"ctl"}, legalFID{}},
		{nil, legalFID{dir: true}}, {[]string{"nosuch"}, legalFID{}},
	}
	way := paths[g.random.IntN(len(paths))]
	g.next = &way.is
	return wire.AppendWalk(nil, tag, 0, to, way.names...)
}

func (g *legal) write(tag uint16) []byte {
	number, f := g.pick(func(f *legalFID) bool { return f.opened && !f.dir && f.flags != tree.ReadOnly })
	if f == nil {
		return nil
	}
	p := make([]byte, []int{1, 1, 4, 4, 4, 5}[g.random.IntN(6)])
	for i := range p {
		p[i] = byte(g.random.IntN(8))
	}
	return wire.AppendWrite(nil, tag, number, uint64(g.random.IntN(200)), p)
}

func (g *legal) rare(tag uint16) []byte {
	number, f := g.pick(func(*legalFID) bool { return true })
	switch g.random.IntN(8) {
	case 0:
		return frame(wire.Tgetattr, tag, number, uint64(0x7ff))
	case 1:
		valid := []uint32{0, 1 << 3, 1<<4 | 1<<5, 1}[g.random.IntN(4)]
		return frame(wire.Tsetattr, tag, number, valid, uint32(0o600), uint32(1), uint32(1), uint64(9), make([]byte, 32))
	case 2:
		return wire.AppendFID(nil, wire.Tstatfs, tag, number)
	case 3:
		return wire.AppendFlush(nil, tag, tag+1)
	case 4:
		if !f.opened {
			return nil
		}
		return wire.AppendFID(nil, wire.Tfsync, tag, number)
	case 5:
		if !f.opened {
			return nil
		}
		return frame(wire.Tlock, tag, number, uint8(1), uint32(0), uint64(0), uint64(0), uint32(1), "host")
	case 6:
		if !f.dir || f.opened {
			return nil
		}
		return frame(wire.Tmkdir, tag, number, "new", uint32(0o755), uint32(0))
	}
	if !f.dir || f.opened {
		return nil
	}
	return frame(wire.Tunlinkat, tag, number, "full_ex", uint32(0))
}

// learn updates the fids after the reply to a request.
func (g *legal) learn(request, reply wire.Frame) {
	if reply.Type() == wire.Rlerror {
		return
	}
	body := request.Body()
	switch request.Type() {
	case wire.Tclunk:
		delete(g.fids, body.U32())
	case wire.Tlopen:
		f := g.fids[body.U32()]
		f.opened, f.flags = true, body.U32()
	case wire.Twalk:
		to := binary.LittleEndian.Uint32(body[4:])
		next := *g.next
		next.opened = false
		g.fids[to] = &next
	}
}
