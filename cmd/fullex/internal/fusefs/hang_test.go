package fusefs

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/client"
)

// hangingConn is a connection whose replies do not come while hang is locked.
type hangingConn struct {
	net.Conn
	hang sync.Mutex
}

// Read implements io.Reader.
func (c *hangingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.hang.Lock()
	defer c.hang.Unlock()
	return n, err
}

// Close implements io.Closer: a connection that is closed does not hang.
func (c *hangingConn) Close() error {
	c.hang.TryLock() // or it is locked
	c.hang.Unlock()
	return c.Conn.Close()
}

// mountHanging mounts a server over a connection that may hang.
func mountHanging(t *testing.T) (dir string, m *Mount, conn *hangingConn, srv *p9srv.Server) {
	t.Helper()
	needFUSE(t)
	srv = &p9srv.Server{}
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		<-served
	})
	dialled, err := net.Dial("unix", l.Addr().String())
	require.NoError(t, err)
	conn = &hangingConn{Conn: dialled}
	k, err := client.New(t.Context(), conn)
	require.NoError(t, err)
	dir = t.TempDir()
	m, err = New(k, dir, Config{})
	require.NoError(t, err)
	return dir, m, conn, srv
}

// startShell starts a shell in the mount that has the device open, with a value in
// it, and runs a line when told to. It goes there itself: this process stands still
// until a child has started, and could not answer it.
func startShell(t *testing.T, dir, line string) (cmd *exec.Cmd, in io.Writer) {
	t.Helper()
	cmd = exec.Command("sh", "-c", `cd "$0"; exec 3<>full_ex; printf '\003' >&3; printf '\002\0\0\0' >&3; echo; read go; `+line, dir)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = out.Read(make([]byte, 1))
	require.NoError(t, err)
	return cmd, in
}

func TestKilledCallersAreAnsweredForAServerThatHangs(t *testing.T) {
	dir, m, conn, srv := mountHanging(t)
	for _, line := range []string{"exec 4<minimal_proc_lkm", "exec 4<full_ex", "exec dd bs=4 count=1 <&3", "printf '\\004\\0\\0\\0' >&3", "exec ls", "exec stat -f ."} {
		t.Run(line, func(t *testing.T) {
			cmd, in := startShell(t, dir, line)
			conn.hang.Lock()
			_, err := fmt.Fprintln(in)
			require.NoError(t, err)
			holds(t, "a request waits", func() bool { return m.waiting.count() > 0 })
			require.NoError(t, cmd.Process.Kill())
			assert.Error(t, cmd.Wait(), "it was killed")
			conn.hang.Unlock()
			holds(t, "nothing is open", func() bool { return srv.Kernel.Sessions() == 0 })
		})
	}
	require.NoError(t, m.Unmount())
	require.NoError(t, m.Wait())
}

// TestMountEndsWhileItsServerHangs: a file that was closed is still to be closed
// at the server.
func TestMountEndsWhileItsServerHangs(t *testing.T) {
	dir, m, conn, srv := mountHanging(t)
	fd, err := syscall.Open(filepath.Join(dir, "full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	conn.hang.Lock()
	require.NoError(t, syscall.Close(fd))
	holds(t, "a request waits", func() bool { return m.waiting.count() > 0 })
	require.NoError(t, m.Unmount())
	require.NoError(t, m.Wait())
	holds(t, "the connection is closed", func() bool { return srv.Kernel.Sessions() == 0 })
}

// count is how many requests there are.
func (w *waiting) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.requests)
}

// holds waits for something.
func holds(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, 10*time.Second, time.Millisecond, what)
}

func TestEndingThreads(t *testing.T) {
	status := func(state, own, shared, blocked, ignored, caught, tracer string) threadStatus {
		return threadStatus(fmt.Sprintf("Name:\tdd\nState:\t%s\nTgid:\t7\nTracerPid:\t%s\nSigPnd:\t%16s\nShdPnd:\t%16s\nSigBlk:\t%16s\nSigIgn:\t%16s\nSigCgt:\t%16s\n",
			state, tracer, own, shared, blocked, ignored, caught))
	}
	const none, kill, quit, alarm, term = "0", "100", "4", "2000", "4000"
	for name, c := range map[string]struct {
		status threadStatus
		ends   bool
	}{
		"waits":              {status("D (disk sleep)", none, none, none, none, none, "0"), false},
		"zombie":             {status("Z (zombie)", none, none, none, none, none, "0"), true},
		"dead":               {status("X (dead)", none, none, none, none, none, "0"), true},
		"killed":             {status("D (disk sleep)", none, kill, none, none, none, "0"), true},
		"by a fatal signal":  {status("D (disk sleep)", kill, term, none, none, none, "0"), true},
		"handler":            {status("D (disk sleep)", alarm, none, none, none, alarm, "0"), false},
		"quit":               {status("D (disk sleep)", none, quit, none, none, none, "0"), true},
		"quit with handler":  {status("D (disk sleep)", none, quit, none, none, quit, "0"), false},
		"quit is blocked":    {status("D (disk sleep)", none, quit, quit, none, none, "0"), false},
		"quit under a trace": {status("D (disk sleep)", none, quit, none, none, none, "9"), false},
		"empty":              {nil, false},
	} {
		assert.Equal(t, c.ends, c.status.isEnding(), name)
	}
	assert.False(t, isEnding(uint32(os.Getpid())))
	assert.True(t, isEnding(4_194_000), "gone")
}

func TestLateRepliesAreNotLogged(t *testing.T) {
	var out strings.Builder
	w := withoutLate{&out}
	for _, line := range []string{"writer: Write/Writev failed, err: 2=no such file or directory. opcode: READ\n", "other\n"} {
		n, err := io.WriteString(w, line)
		require.NoError(t, err)
		assert.Len(t, line, n)
	}
	assert.Equal(t, "other\n", out.String())
}
