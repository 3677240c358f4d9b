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
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/tests/serving"
)

// hangingConn is a connection on which no reply comes while hang is locked.
type hangingConn struct {
	net.Conn
	hang     sync.Mutex
	deadline atomic.Pointer[time.Time] // of reads
}

// Read implements io.Reader.
func (c *hangingConn) Read(p []byte) (int, error) {
	for !c.hang.TryLock() {
		if at := c.deadline.Load(); at != nil && !at.IsZero() && time.Now().After(*at) {
			return 0, os.ErrDeadlineExceeded
		}
		time.Sleep(time.Millisecond)
	}
	defer c.hang.Unlock()
	return c.Conn.Read(p)
}

// SetReadDeadline implements net.Conn.
func (c *hangingConn) SetReadDeadline(at time.Time) error {
	c.deadline.Store(&at)
	return c.Conn.SetReadDeadline(at)
}

// mountHanging mounts a server over a connection that may hang.
func mountHanging(t *testing.T) (dir string, m *Mount, conn *hangingConn, srv *p9srv.Server) {
	t.Helper()
	needFUSE(t)
	srv = &p9srv.Server{}
	dialled, err := net.Dial("unix", strings.TrimPrefix(serving.Socket(t, srv), "unix:"))
	require.NoError(t, err)
	conn = &hangingConn{Conn: dialled}
	k, err := client.New(t.Context(), conn)
	require.NoError(t, err)
	dir = t.TempDir()
	m, err = New(k, dir, Config{})
	require.NoError(t, err)
	pollOnce(t, dir)
	return dir, m, conn, srv
}

// startShell starts a shell in the mount. The shell has the device open with one value in
// it. It runs line after it has read a line from in. The shell changes its directory itself:
// this process waits until a child has started, and could not answer for the directory.
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

func TestCallersCanBeKilledWhileTheServerHangs(t *testing.T) {
	dir, m, conn, srv := mountHanging(t)
	for _, line := range []string{"exec 4<minimal_proc_lkm", "exec 4<full_ex", "exec dd bs=4 count=1 <&3", "printf '\\004\\0\\0\\0' >&3", "exec ls", "exec stat -f ."} {
		t.Run(line, func(t *testing.T) {
			cmd, in := startShell(t, dir, line)
			conn.hang.Lock()
			_, err := fmt.Fprintln(in)
			require.NoError(t, err)
			eventually(t, "a request waits", func() bool { return m.loop.busy() > 0 })
			require.NoError(t, cmd.Process.Kill())
			assert.Error(t, cmd.Wait(), "the shell was killed")
			conn.hang.Unlock()
			eventually(t, "nothing is open", func() bool { return srv.Kernel.Sessions() == 0 })
		})
	}
	require.NoError(t, m.Unmount())
	require.NoError(t, m.Wait())
}

// TestMountEndsWhileItsServerHangs ends a mount when a program has closed a file and the
// server has not.
func TestMountEndsWhileItsServerHangs(t *testing.T) {
	dir, m, conn, srv := mountHanging(t)
	fd, err := syscall.Open(filepath.Join(dir, "full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	conn.hang.Lock()
	require.NoError(t, syscall.Close(fd))
	require.NoError(t, m.Unmount())
	require.NoError(t, m.Wait())
	eventually(t, "the connection is closed", func() bool { return srv.Kernel.Sessions() == 0 })
}

// TestReadersGrowAndShrink makes requests that wait, which start readers. The readers end
// when one keeps up.
func TestReadersGrowAndShrink(t *testing.T) {
	dir, m, conn, _ := mountHanging(t)
	file := filepath.Join(dir, "modules")
	conn.hang.Lock()
	const waiting = 5
	var calls sync.WaitGroup
	for range waiting {
		calls.Go(func() {
			_, err := os.ReadFile(file)
			assert.NoError(t, err)
		})
	}
	eventually(t, "one reader is idle while others wait", func() bool { return m.loop.busy() > 0 && m.loop.idle.Load() > 0 })
	conn.hang.Unlock()
	calls.Wait()
	eventually(t, "at most two readers are left", func() bool {
		_, err := os.ReadFile(file)
		require.NoError(t, err)
		return m.loop.count.Load() <= 2
	})
	require.NoError(t, m.Unmount())
	require.NoError(t, m.Wait())
}

// busy returns how many readers answer a request.
func (l *loop) busy() int { return int(l.count.Load() - l.idle.Load()) }

// eventually waits until is returns true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, 10*time.Second, time.Millisecond, what)
}
