package device

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noted is a module with a note.
type noted struct{ HelloWorld }

func (noted) Name() string { return "noted" }
func (noted) Note() string { return "a_note" }

// TestSizesMatchTheListings compares sizes with listings after random opens, calls,
// closes, waits, loads and unloads, for viewers of all kinds.
func TestSizesMatchTheListings(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			users, viewers := usersOfAllKinds()
			r := &changer{t: t, random: rand.New(rand.NewPCG(seed, 3)), kernel: NewKernel(append(Modules(), noted{})...), users: users}
			for range 300 {
				r.change()
				for _, viewer := range viewers {
					require.Equal(t, len(r.kernel.ListSessions(viewer)), r.kernel.SessionsSize(viewer))
				}
				require.Equal(t, len(r.kernel.ListModules()), r.kernel.ModulesSize())
			}
			assert.NotEmpty(t, r.open)
		})
	}
}

// changer changes at random what listings show.
type changer struct {
	t      *testing.T
	random *rand.Rand
	kernel *Kernel
	users  []*User
	open   []*Session // some may have ended with their module
	opens  uint64
}

func (r *changer) change() {
	module := r.kernel.modules[r.random.IntN(len(r.kernel.modules))].code.Name()
	switch r.random.IntN(24) {
	case 0, 1, 2:
		_ = r.kernel.Load(module) // fails if it is loaded
	case 3:
		_ = r.kernel.Unload(module) // fails if it is not loaded
	case 4, 5, 6, 7, 8, 9:
		r.openOne()
	case 10:
		if len(r.open) > 0 {
			require.NoError(r.t, r.open[0].Close())
			r.open = r.open[1:]
		}
	case 11, 12, 13:
		<-time.After(time.Duration(r.random.Int64N(1 << r.random.IntN(50))))
	default:
		r.call()
	}
}

func (r *changer) openOne() {
	names := r.kernel.Files()
	if len(names) == 0 {
		return
	}
	r.opens++
	id := Identity{Process: uint32(r.random.IntN(2) * r.random.IntN(5_000_000)), Open: r.opens}
	s, err := r.kernel.Open(names[r.random.IntN(len(names))], Client{User: r.users[r.random.IntN(len(r.users))], Door: "/each", Identity: id})
	require.NoError(r.t, err)
	r.open = append(r.open, s)
}

// call writes a capacity and values to a session. Many of these writes are refused.
func (r *changer) call() {
	if len(r.open) == 0 {
		return
	}
	s := r.open[r.random.IntN(len(r.open))]
	for range 1 << r.random.IntN(10) {
		_, _ = s.Write([]byte{byte(1 + r.random.IntN(100))}) // a refused write counts, too
		_, _ = s.Write([]byte{2, 0, 0, 0})
	}
}

// usersOfAllKinds returns users who open files, and viewers: the same and others.
func usersOfAllKinds() (users, viewers []*User) {
	users = []*User{
		{Conn: "conn 1", Where: "unix uid=0 pid=9", Vouched: true, Admin: true},
		{Conn: "conn 22", Where: "unix uid=1000 pid=42", UID: 1000, Claimed: 1000, Vouched: true},
		{Conn: "conn 333", Where: "tcp [::1]:65535", UID: 4_294_967_294, Claimed: 4_294_967_294},
		{Conn: "conn 4", Where: "", Claimed: 0xffffffff},
		{Conn: "conn 5", Where: " two  words\tand a line\nend \\ \x1b \xff ü ", Claimed: 7},
		{Conn: "", Where: " \n", UID: 9, Vouched: true},
	}
	return users, append([]*User{{Conn: "conn 6"}, {UID: 77, Vouched: true}}, users...)
}

func TestPrintableKeepsWhatNeedsNoEscape(t *testing.T) {
	for r := range rune(0x300) {
		if text := string(r); !needsEscape(r) {
			assert.Equal(t, text, Printable([]byte(text)))
		}
	}
}

// BenchmarkSessions lists 100,000 sessions of 100 connections for an administrator.
func BenchmarkSessions(b *testing.B) {
	k := NewKernel(Modules()...)
	require.NoError(b, k.Load("full_ex"))
	for conn := range 100 {
		user := &User{Conn: fmt.Sprint("conn ", conn), Where: "unix uid=1000 pid=4711", UID: 1000, Claimed: 1000, Vouched: true}
		for open := range uint64(1000) {
			_, err := k.Open("full_ex", Client{User: user, Door: "/each", Identity: Identity{Open: open + 1}})
			require.NoError(b, err)
		}
	}
	admin := &User{Admin: true}
	b.Run("text", func(b *testing.B) {
		for b.Loop() {
			k.ListSessions(admin)
		}
	})
	b.Run("size", func(b *testing.B) {
		for b.Loop() {
			k.SessionsSize(admin)
		}
	})
}
