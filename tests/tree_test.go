//go:build linux

package tests

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/wire"
)

// User IDs for tests. No machine has users with these numbers.
const (
	alice = 4_000_001
	bob   = 4_000_002
)

// dialAs connects as a user. Linux reports the credentials of the connecting thread. That
// thread has given up root, so it ends.
func dialAs(t *testing.T, addr net.Addr, uid int) net.Conn {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	type dialed struct {
		c   net.Conn
		err error
	}
	done := make(chan dialed)
	go func() {
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
			done <- dialed{nil, errno}
			return
		}
		c, err := net.Dial(addr.Network(), addr.String())
		done <- dialed{c, err}
	}()
	d := <-done
	require.NoError(t, d.err)
	t.Cleanup(func() { _ = d.c.Close() })
	return d.c
}

// speaker is a client that talks in the lines of package wire. It has attached with fid 0.
type speaker struct {
	t *testing.T
	*wire.Conn
	next int // the last fid that open has used
}

// speak attaches as a user on a new connection.
func speak(t *testing.T, c net.Conn, uid string) *speaker {
	t.Helper()
	s := &speaker{t: t, Conn: wire.NewConn(c)}
	s.must(`> Tversion 65536 9P2000.L
		< Rversion 65536 9P2000.L
		> Tattach 0 NOFID "" "" ` + uid + `
		< Rattach dir:*`)
	return s
}

// must sends requests and expects replies.
func (s *speaker) must(lines string) {
	s.t.Helper()
	require.NoError(s.t, s.Talk(lines))
}

// open opens a path and returns its fid. want is "Rlopen" or the name of an errno.
func (s *speaker) open(path, flags, want string) int {
	s.t.Helper()
	s.next++
	if want == "Rlopen" {
		want = "Rlopen file:* *"
	} else {
		want = "Rlerror " + want
	}
	names := strings.ReplaceAll(path, "/", " ")
	s.must(fmt.Sprintf("> Twalk 0 %d %s\n< Rwalk ...\n> Tlopen %[1]d %[3]s\n< %[4]s", s.next, names, flags, want))
	return s.next
}

// read reads a text to its end, in parts.
func (s *speaker) read(path string) string {
	s.t.Helper()
	fid := s.open(path, "O_RDONLY", "Rlopen")
	var all []byte
	for {
		reply, err := s.Ask(fmt.Sprintf("Tread %d %d 100", fid, len(all)))
		require.NoError(s.t, err)
		piece, err := wire.Data(reply)
		require.NoError(s.t, err)
		if len(piece) == 0 {
			s.must(fmt.Sprintf("> Tclunk %d\n< Rclunk", fid))
			return string(all)
		}
		all = append(all, piece...)
	}
}

// control writes a text to ctl. want is "Rwrite" or the name of an errno.
func (s *speaker) control(text, want string) {
	s.t.Helper()
	fid := s.open("ctl", "O_WRONLY", "Rlopen")
	if want == "Rwrite" {
		want = fmt.Sprintf("Rwrite %d", len(text))
	} else {
		want = "Rlerror " + want
	}
	s.must(fmt.Sprintf("> Twrite %d 0 %q\n< %s\n> Tclunk %[1]d\n< Rclunk", fid, text, want))
}

func TestAdministratorLoadsAndUnloads(t *testing.T) {
	srv := &p9srv.Server{}
	addr := serve(t, srv)
	admin := speak(t, dialAs(t, addr, 0), "0")
	client := speak(t, dialAs(t, addr, alice), "NOUID")
	fid := client.open("full_ex", "O_RDWR", "Rlopen")
	client.must(fmt.Sprintf("> Twrite %d 0 hex:05\n< Rwrite 1", fid))

	admin.control("rmmod full_ex", "Rwrite")
	client.must(fmt.Sprintf(`
		> Twrite %[1]d 0 int:2
		< Rlerror EIO
		> Tread %[1]d 0 4
		< Rlerror EIO
		> Twalk 0 50 full_ex
		< Rlerror ENOENT
		> Twalk 0 50 each full_ex
		< Rwalk dir:*
		> Tclunk %[1]d
		< Rclunk`, fid))
	assert.NotContains(t, admin.read("modules"), "full_ex")
	admin.control("rmmod full_ex\n", "ENOENT")
	admin.control("insmod full_ex\n", "Rwrite")
	admin.control("insmod full_ex", "EEXIST")
	admin.control("insmod nosuch", "EINVAL")
	admin.control("load full_ex", "EINVAL")
	admin.control(strings.Repeat("x", 2000), "EINVAL")
	admin.control(strings.Repeat("x", 20_000), "EINVAL")
	client.open("full_ex", "O_RDWR", "Rlopen")
	kmsg := admin.read("kmsg")
	for _, line := range []string{
		"Hello, world", "full_ex: procfile is created", "full_ex: Removed Procfile",
		fmt.Sprintf("full_ex: opened by uid %d at /, conn 2", alice),
		`ctl: load full_ex: want "insmod NAME" or "rmmod NAME"`,
	} {
		assert.Contains(t, kmsg, line)
	}
	assert.Regexp(t, `^\[ +\d+\.\d{6}\] Hello, world\n`, kmsg)
}

// TestRightsFollowTheTransportAndTheAttachedUser connects over each transport, attaches as
// several users, and opens every kind of file.
func TestRightsFollowTheTransportAndTheAttachedUser(t *testing.T) {
	srv := &p9srv.Server{}
	unix := serve(t, srv)
	tcp := serveTCPOf(t, srv)
	for _, test := range []struct {
		name    string
		dial    func() net.Conn
		claimed string // the user of the attach
		ctl     string // the result of opening ctl
	}{
		{"unix, root, as root", func() net.Conn { return dialAs(t, unix, 0) }, "0", "Rlopen"},
		{"unix, root, NOUID", func() net.Conn { return dialAs(t, unix, 0) }, "NOUID", "EACCES"},
		{"unix, root, as alice", func() net.Conn { return dialAs(t, unix, 0) }, fmt.Sprint(alice), "EACCES"},
		{"unix, alice, NOUID", func() net.Conn { return dialAs(t, unix, alice) }, "NOUID", "EACCES"},
		{"unix, alice, as alice", func() net.Conn { return dialAs(t, unix, alice) }, fmt.Sprint(alice), "EACCES"},
		{"tcp, as root", func() net.Conn { return dial(t, tcp) }, "0", "EACCES"},
		{"in memory, as root", func() net.Conn { return inMemory(t, srv) }, "0", "Rlopen"},
		{"in memory, NOUID", func() net.Conn { return inMemory(t, srv) }, "NOUID", "Rlopen"},
		{"in memory, as alice", func() net.Conn { return inMemory(t, srv) }, fmt.Sprint(alice), "EACCES"},
		{"tcp, NOUID", func() net.Conn { return dial(t, tcp) }, "NOUID", "EACCES"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := speak(t, test.dial(), test.claimed)
			s.open("ctl", "O_WRONLY", test.ctl)
			s.open("ctl", "O_RDONLY", "EACCES")
			s.open("ctl", "O_RDWR", "EACCES")
			for _, text := range []string{"kmsg", "modules", "sessions"} {
				s.open(text, "O_RDONLY", "Rlopen")
				s.open(text, "O_WRONLY", "EACCES")
				s.open(text, "O_RDWR|O_TRUNC", "EACCES")
			}
			s.open("minimal_proc_lkm", "O_RDWR", "Rlopen")
			s.open("full_ex", "O_RDWR", "Rlopen")
		})
	}
	c := wire.NewConn(dialAs(t, unix, alice))
	require.NoError(t, c.Talk(fmt.Sprintf(`
		> Tversion 65536 9P2000.L
		< Rversion 65536 9P2000.L
		> Tattach 0 NOFID "" "" 0
		< Rlerror EPERM
		> Tattach 0 NOFID "" "" %d
		< Rlerror EPERM
		> Tattach 0 NOFID "" "" NOUID
		< Rattach dir:*`, bob)))
}

// inMemory connects to a server within this process.
func inMemory(t *testing.T, srv *p9srv.Server) net.Conn {
	t.Helper()
	here, there := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(there) }()
	t.Cleanup(func() {
		_ = here.Close()
		assert.NoError(t, <-served)
	})
	return here
}

func TestUsersSeeTheirOwnSessionsOnly(t *testing.T) {
	addr := serve(t, &p9srv.Server{})
	admin := speak(t, dialAs(t, addr, 0), "0")
	first := speak(t, dialAs(t, addr, alice), "NOUID")
	second := speak(t, dialAs(t, addr, alice), "NOUID")
	other := speak(t, dialAs(t, addr, bob), "NOUID")
	fid := first.open("full_ex", "O_RDWR", "Rlopen")
	first.must(fmt.Sprintf("> Twrite %[1]d 0 hex:05\n< Rwrite 1\n> Twrite %[1]d 0 int:12345\n< Rwrite 4", fid))
	second.open("pid/70/full_ex", "O_RDWR", "Rlopen")
	other.open("each/full_ex", "O_RDWR", "Rlopen")
	other.open("pid/8/full_ex", "O_RDWR", "Rlopen")

	for reader, test := range map[*speaker]struct{ lines, ofAlice, ofBob int }{
		first: {2, 2, 0}, second: {2, 2, 0}, other: {2, 0, 2}, admin: {4, 2, 2},
	} {
		text := reader.read("sessions")
		assert.Equal(t, test.lines, strings.Count(text, "\n")-1, text)
		assert.Equal(t, test.ofAlice, strings.Count(text, fmt.Sprintf(" %d - ", alice)), text)
		assert.Equal(t, test.ofBob, strings.Count(text, fmt.Sprintf(" %d - ", bob)), text)
		assert.NotContains(t, text, "12345", "no value is ever shown")
	}
	assert.Regexp(t, fmt.Sprintf(`(?m)^full_ex / %d - 5 1 \d+ 2 conn,2 unix,uid=%[1]d,pid=\d+$`, alice), first.read("sessions"))
	assert.Contains(t, admin.read("modules"), "full_ex                   20  4\n")
	assert.NotContains(t, admin.read("kmsg"), "12345")
}

func TestRefusedSecondOpenNamesTheOtherDoors(t *testing.T) {
	root := speak(t, dial(t, serve(t, &p9srv.Server{})), "NOUID")
	root.open("full_ex", "O_RDWR", "Rlopen")
	root.open("full_ex", "O_RDWR", "EACCES")
	assert.Contains(t, root.read("kmsg"), "each process has its own at /pid/N/full_ex, each open at /each/full_ex")
}

func TestTextReadsAtAnyOffset(t *testing.T) {
	s := speak(t, dial(t, serve(t, &p9srv.Server{})), "NOUID")
	whole := s.read("modules")
	require.Greater(t, len(whole), 50)
	fid := s.open("modules", "O_RDONLY", "Rlopen")
	s.must(fmt.Sprintf(`
		> Tread %[1]d 7 4
		< Rread %[2]q
		> Tread %[1]d 1000000 4
		< Rread ""
		> Tread %[1]d 0x8000000000000000 4
		< Rlerror EINVAL
		> Tread %[1]d 0 0
		< Rread ""
		> Tread %[1]d 0 0xffffffff
		< Rread %[3]q
		> Twrite %[1]d 0 "x"
		< Rlerror EBADF`, fid, whole[7:11], whole))
}

func TestOpenListingsAreBounded(t *testing.T) {
	srv := &p9srv.Server{}
	s := speak(t, dial(t, serve(t, srv)), "NOUID")
	const sessions = 2000
	for i := range sessions {
		s.must(fmt.Sprintf("> Twalk 0 %d each full_ex\n< Rwalk ...\n> Tlopen %[1]d O_RDWR\n< Rlopen file:* *", 1000+i))
	}
	for i := 0; ; i++ {
		fid := 100_000 + i
		s.must(fmt.Sprintf("> Twalk 0 %d sessions\n< Rwalk ...", fid))
		reply, err := s.Ask(fmt.Sprintf("Tlopen %d O_RDONLY", fid))
		require.NoError(t, err)
		if reply == "Rlerror EMFILE" {
			t.Logf("%d listings of %d sessions were open", i, sessions)
			assert.Greater(t, i, 10)
			s.must("> Tclunk 100000\n< Rclunk")
			s.must(fmt.Sprintf("> Tlopen %d O_RDONLY\n< Rlopen file:* *", fid))
			return
		}
		require.Less(t, i, 10_000)
	}
}

// TestModuleIsUnloadedAndLoadedDuringTraffic: meanwhile clients open, write, read and close.
// They may get only replies that the contract allows.
func TestModuleIsUnloadedAndLoadedDuringTraffic(t *testing.T) {
	srv := &p9srv.Server{Kernel: newKernel()}
	addr := serve(t, srv)
	var opens atomic.Int64
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		s := speak(t, dial(t, addr), "NOUID")
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if !s.session(&opens) {
					return
				}
			}
		})
	}
	for opens.Load() < 2000 && !t.Failed() {
		assert.NoError(t, srv.Kernel.Unload("full_ex"))
		assert.NoError(t, srv.Kernel.Load("full_ex"))
		for before := opens.Load(); opens.Load() == before && !t.Failed(); {
			runtime.Gosched()
		}
	}
	close(stop)
	clients.Wait()
	assert.Zero(t, srv.Kernel.Sessions())
}

// session opens and uses the device, which may be unloaded meanwhile. It counts the opens that
// succeed, and reports whether all replies were allowed.
func (s *speaker) session(opens *atomic.Int64) bool {
	allowed := map[string][]string{
		"Twalk 0 1 full_ex": {"Rwalk ", "Rlerror ENOENT"},
		"Tlopen 1 O_RDWR":   {"Rlopen ", "Rlerror ENOENT", "Rlerror EBADF"},
		"Twrite 1 0 hex:05": {"Rwrite 1", "Rlerror EIO", "Rlerror EBADF"},
		"Twrite 1 0 int:2":  {"Rwrite 4", "Rlerror EIO", "Rlerror EBADF"},
		"Tread 1 0 4":       {"Rread ", "Rlerror EIO", "Rlerror EBADF"},
		"Tclunk 1":          {"Rclunk", "Rlerror EBADF"},
	}
	for _, request := range []string{"Twalk 0 1 full_ex", "Tlopen 1 O_RDWR", "Twrite 1 0 hex:05", "Twrite 1 0 int:2", "Tread 1 0 4", "Tclunk 1"} {
		reply, err := s.Ask(request)
		if !assert.NoError(s.t, err) {
			return false
		}
		right := func(prefix string) bool { return strings.HasPrefix(reply, prefix) }
		if !assert.True(s.t, slices.ContainsFunc(allowed[request], right), "%s: %s", request, reply) {
			return false
		}
		if strings.HasPrefix(reply, "Rlopen ") {
			opens.Add(1)
		}
	}
	return true
}
