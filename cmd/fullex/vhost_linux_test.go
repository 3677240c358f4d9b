package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/vhostuser/vhosttest"
)

// versionRequest is a Tversion.
const versionRequest = "\x15\x00\x00\x00\x64\xff\xff\x00\x20\x00\x00\x08\x009P2000.L"

// speaks9P acts as a machine whose guest asks for a 9P version.
func speaks9P(t *testing.T, conn *net.UnixConn) *vhosttest.Front {
	t.Helper()
	front, err := vhosttest.New(conn, vhosttest.Options{})
	require.NoError(t, err)
	require.NoError(t, front.Connect())
	reply, err := front.Call([]byte(versionRequest), 100)
	require.NoError(t, err)
	assert.Contains(t, string(reply), "9P2000.L")
	return front
}

// TestBackEndIsDescribed reads the file by which managers of virtual machines find it.
func TestBackEndIsDescribed(t *testing.T) {
	text, err := os.ReadFile("50-fullex-9p.json")
	require.NoError(t, err)
	var description struct{ Type, Description, Binary string }
	require.NoError(t, json.Unmarshal(text, &description))
	assert.Equal(t, "9p", description.Type, "as --print-capabilities says")
	assert.Equal(t, vhostBackend, filepath.Base(description.Binary))
}

func TestBackEndListens(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	cmd := command(t, "vhost-user-9p", "--socket-path="+socket)
	require.NoError(t, cmd.Start())
	for range 2 { // one machine after another
		var conn net.Conn
		require.Eventually(t, func() (ok bool) {
			var err error
			conn, err = net.Dial("unix", socket)
			return err == nil
		}, 10*time.Second, 10*time.Millisecond)
		require.NoError(t, speaks9P(t, conn.(*net.UnixConn)).Close())
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, cmd.Wait(), "exit status 0")
	_, err := os.Stat(socket)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestBackEndServesAnInheritedConnectionToItsEnd(t *testing.T) {
	front, back, err := vhosttest.Pair()
	require.NoError(t, err)
	theirs, err := back.File()
	require.NoError(t, err)
	cmd := command(t, "vhost-user-9p", "--fd=3")
	cmd.ExtraFiles = []*os.File{theirs}
	require.NoError(t, cmd.Start())
	require.NoError(t, theirs.Close())
	require.NoError(t, back.Close())
	require.NoError(t, speaks9P(t, front).Close())
	assert.NoError(t, cmd.Wait(), "exit status 0")
}

// TestArgumentsOfQEMUCanBeCopied gives the printed lines to a shell.
func TestArgumentsOfQEMUCanBeCopied(t *testing.T) {
	long := strings.Repeat("/long", 30)
	for path, want := range map[string]struct{ dir, chardev string }{
		"/run/vm":       {"", "path=/run/vm"},
		"/a,b/it's\n$x": {"", "path=/a,,b/it's\n$x"},
		long + "/v,1":   {" in " + long, "path=v,,1"},
	} {
		var text strings.Builder
		e, err := endpoint.Vhost(path, "t")
		require.NoError(t, err)
		announceVhost(t.Context(), &text, e)
		assert.Contains(t, text.String(), "start a guest"+want.dir+" (QEMU")
		_, line, _ := strings.Cut(text.String(), "with:\n")
		line, _, _ = strings.Cut(line, "\n  mount it")
		out, err := exec.Command("sh", "-c", "printf '%s|' "+line).Output()
		require.NoError(t, err)
		assert.Contains(t, string(out), "|socket,id=fullex,"+want.chardev+"|")
	}
}

func TestServeSaysHowAGuestMounts(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	r := startFullex(t, "serve", "--listen", "vhost-user:"+socket+",tag=deque")
	conn, err := net.Dial("unix", socket)
	require.NoError(t, err)
	front := speaks9P(t, conn.(*net.UnixConn))
	require.NoError(t, r.end(syscall.SIGTERM))
	text := r.stdout.text.String()
	assert.Contains(t, text, "path="+socket+" ")
	assert.Contains(t, text, "share=on")
	assert.Contains(t, text, "mount -t 9p -o trans=virtio,version=9p2000.L,noxattr deque /mnt")
	assert.Contains(t, r.stderr.text.String(), "a virtual machine is attached")
	require.NoError(t, front.Close())
}

// silentMachine connects a front-end whose guest sends nothing, and reports whether the server
// accepts it. The connection ends with the test.
func silentMachine(t *testing.T, socket string) bool {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	front, err := vhosttest.New(conn.(*net.UnixConn), vhosttest.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = front.Close() })
	return front.Sync() == nil
}

func TestMachineTooManyIsRefused(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	r := startFullex(t, "serve", "--listen", "vhost-user:"+socket, "--max-guests", "2")
	assert.True(t, silentMachine(t, socket))
	assert.True(t, silentMachine(t, socket))
	assert.False(t, silentMachine(t, socket))
	require.NoError(t, r.end(syscall.SIGTERM))
	assert.Contains(t, r.stderr.text.String(), "too many virtual machines")
}

// TestMachinesLeaveDescriptorsForOthers connects more machines than the process has
// descriptors for.
func TestMachinesLeaveDescriptorsForOthers(t *testing.T) {
	const descriptors = 100
	dir := t.TempDir()
	machines, clients := filepath.Join(dir, "v"), filepath.Join(dir, "u")
	r := startFullex(t, "serve", "--listen", "unix:"+clients, "--listen", "vhost-user:"+machines)
	few := unix.Rlimit{Cur: descriptors, Max: descriptors}
	require.NoError(t, unix.Prlimit(r.cmd.Process.Pid, unix.RLIMIT_NOFILE, &few, nil))
	in := 0
	for range descriptors {
		if silentMachine(t, machines) {
			in++
		}
	}
	assert.Equal(t, descriptors/2/5, in, "half of the descriptors, five for each machine")
	for range descriptors / 4 {
		c, err := net.Dial("unix", clients)
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		_, err = c.Write([]byte(versionRequest))
		require.NoError(t, err)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(vhosttest.Patience)))
		_, err = c.Read(make([]byte, 100))
		require.NoError(t, err)
	}
	require.NoError(t, r.end(syscall.SIGTERM))
	assert.Contains(t, r.stderr.text.String(), "as many descriptors as this process")
}
