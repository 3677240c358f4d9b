package p9srv

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/p9srv/wire"
)

// sizeOf asks for the attributes of a fid and returns its size and blocks. The reply must
// report both as valid.
func (k *talk) sizeOf(fid uint32, mask uint64) (size, blocks uint64) {
	k.t.Helper()
	body := k.want(wire.Tgetattr, fid, mask)
	const basic = 0x7ff
	require.EqualValues(k.t, basic, le.Uint64(body), "valid")
	const sizeAt = 8 + wire.QIDSize + 3*4 + 2*8
	return le.Uint64(body[sizeAt:]), le.Uint64(body[sizeAt+16:])
}

var textNames = []string{"kmsg", "modules", "sessions"}

func TestSizeOfATextIsWhatAReaderGets(t *testing.T) {
	const all = 0x3fff
	k := newTalk(t, &Server{})
	k.start(1)
	for i, name := range textNames {
		k.walk(0, uint32(10+i), name)
		k.walk(0, uint32(20+i), name)
	}
	for round := range uint32(15) {
		for i := range uint32(len(textNames)) {
			unopened, opened := 10+i, 20+i
			size, blocks := k.sizeOf(unopened, all)
			k.want(wire.Tlopen, opened, uint32(0))
			text := k.text(opened, 0, maxListing)
			assert.EqualValues(t, len(text), size, "the size before the open")
			assert.Equal(t, (size+511)/512, blocks)
			k.openDevice(100+10*round+i, "each", "full_ex") // adds a line to kmsg and sessions
			grown, _ := k.sizeOf(unopened, all)
			kept, _ := k.sizeOf(opened, all)
			assert.Equal(t, size, kept, "the size of an open text does not change")
			if textNames[i] != "modules" {
				assert.Greater(t, grown, size)
			}
			k.want(wire.Tclunk, opened)
			k.walk(0, opened, textNames[i])
		}
	}
}

func TestFilesOtherThanTextsHaveTheSize0(t *testing.T) {
	k := newTalk(t, &Server{})
	k.start(1)
	k.openDevice(1, "full_ex")
	k.write(1, 0, []byte{9})
	k.push(1, 1, 2, 4)
	k.walk(0, 2, "ctl")
	k.walk(0, 3, "minimal_proc_lkm")
	k.walk(0, 4, "pid", "7")
	for fid := range uint32(5) {
		size, blocks := k.sizeOf(fid, 0x7ff)
		assert.Zero(t, size)
		assert.Zero(t, blocks)
	}
}

// TestLinuxClientGetsTheSize0ForTexts checks what followup.go explains. One Tgetattr with the
// mask of Linux is enough: then every Tgetattr of the connection counts as that of Linux.
func TestLinuxClientGetsTheSize0ForTexts(t *testing.T) {
	k := newTalk(t, &Server{})
	k.start(1)
	for i, name := range textNames {
		k.walk(0, uint32(1+i), name)
	}
	for _, mask := range []uint64{v9fsMask, 0x3fff} {
		for fid := uint32(1); fid <= 3; fid++ {
			size, blocks := k.sizeOf(fid, mask)
			assert.Zero(t, size)
			assert.Zero(t, blocks)
		}
	}
	k.want(wire.Tlopen, uint32(1), uint32(0))
	size, _ := k.sizeOf(1, v9fsMask)
	assert.Zero(t, size)
	k.start(1) // begins a 9P session of a client that is not Linux
	k.walk(0, 1, "modules")
	size, _ = k.sizeOf(1, 0x3fff)
	assert.Positive(t, size)
}

// BenchmarkGetattr asks for the attributes of files that are not open, as stat(2) on a mount
// does. Meanwhile one user has sessions open. The administrator and the owner see all of
// them, and the other user sees none. The log is full.
func BenchmarkGetattr(b *testing.B) {
	for _, sessions := range []int{0, 1000, 100_000} {
		kernel := device.NewKernel(device.Modules()...)
		for _, m := range device.Modules() {
			require.NoError(b, kernel.Load(m.Name()))
		}
		srv := &Server{Kernel: kernel}
		srv.init()
		const owner = 1000
		openMany(b, kernel, owner, sessions)
		for range device.DefaultLogLines {
			kernel.Log().Print("a line of the log")
		}
		for _, who := range []struct {
			name string
			uid  uint32
		}{{"administrator", 0}, {"owner", owner}, {"other", owner + 1}} {
			for _, name := range []string{"full_ex", "kmsg", "modules", "sessions"} {
				b.Run(fmt.Sprintf("%d/%s/%s", sessions, who.name, name), func(b *testing.B) {
					benchmarkGetattr(b, &front{srv: srv, log: srv.log, peer: vouchedPeer(who.uid)}, name)
				})
			}
		}
	}
}

// vouchedPeer returns a peer over a unix socket: a process of a user.
func vouchedPeer(uid uint32) peer {
	p := peer{conn: "conn 1"}
	p.UID, p.Vouched, p.Where = uid, true, fmt.Sprintf("unix uid=%d pid=4711", uid)
	return p
}

// openMany opens sessions of one verified user, 1,000 on each connection. One in ten has
// values.
func openMany(b *testing.B, kernel *device.Kernel, uid uint32, sessions int) {
	b.Helper()
	var user *device.User
	for i := range sessions {
		if i%1000 == 0 {
			user = &device.User{Conn: fmt.Sprint("conn ", 2+i/1000), Where: fmt.Sprintf("unix uid=%d pid=%d", uid, 5000+i), UID: uid, Claimed: uid, Vouched: true}
		}
		s, err := kernel.Open("full_ex", device.Client{User: user, Door: "/each", Identity: device.Identity{Peer: user.Conn, UID: uid, Open: uint64(i + 1)}})
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, s.Close()) })
		if i%10 == 0 {
			for _, p := range [][]byte{{100}, {2, 0, 0, 0}, {4, 0, 0, 0}} {
				_, err := s.Write(p)
				require.NoError(b, err)
			}
		}
	}
}

func benchmarkGetattr(b *testing.B, f *front, name string) {
	defer f.endSession()
	for _, request := range [][]byte{
		frame(wire.Tversion, wire.NoTag, uint32(maxMsize), wire.Version9P2000L),
		frame(wire.Tattach, 1, uint32(0), uint32(wire.NoFID), "", "", f.peer.UID),
		frame(wire.Twalk, 1, uint32(0), uint32(1), uint16(1), name),
	} {
		_, out, err := f.Process(request, nil)
		require.NoError(b, err)
		require.NotEqual(b, wire.Rlerror, wire.Frame(out).Type())
	}
	in, out := frame(wire.Tgetattr, 1, uint32(1), uint64(0x7ff)), make([]byte, 0, outSize)
	b.ReportAllocs()
	for b.Loop() {
		if used, _, err := f.Process(in, out); used != len(in) || err != nil {
			b.Fatal(used, err)
		}
	}
}
