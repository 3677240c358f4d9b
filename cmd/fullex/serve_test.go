package main

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
)

// TestEndpointsThatServePrintsCanBeCopied gives them to a shell, which must get one word.
func TestEndpointsThatServePrintsCanBeCopied(t *testing.T) {
	for text, want := range map[string]string{
		"unix:/run/s,mode=0660": "unix:/run/s,mode=0660", "unix:/it's a,b/\n$x,,y": "unix:/it's a,b/\n$x,,y", "fd:3": "fd:3",
	} {
		e, err := endpoint.Parse(text)
		require.NoError(t, err)
		out, err := exec.Command("sh", "-c", "printf %s "+toCopy(e)).Output()
		require.NoError(t, err)
		assert.Equal(t, want, string(out))
	}
	assert.Equal(t, "tcp:[::1]:5640", toCopy(endpoint.TCP("::1", 5640)))
}

func TestSignalsEndServeWithinTwoSeconds(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		socket := filepath.Join(t.TempDir(), "s")
		r := startFullex(t, "serve", "--listen", "unix:"+socket)
		c, err := net.Dial("unix", socket)
		require.NoError(t, err)
		// A peer that sends and never reads, and so must be cut.
		go func() {
			for err == nil {
				_, err = c.Write(bytes.Repeat([]byte("\x0b\x00\x00\x00\x78\x01\x00\x63\x00\x00\x00"), 1000))
			}
		}()
		assert.NoError(t, r.end(signal))
		assert.NoFileExists(t, socket)
		require.NoError(t, c.Close())
	}
}

// TestSignalEndsAServeThatStillStarts makes serve wait for a lock, as if another server of
// this user were about to make the same socket.
func TestSignalEndsAServeThatStillStarts(t *testing.T) {
	dir := t.TempDir()
	lock, err := os.Create(filepath.Join(dir, ".s.fullex-lock"))
	require.NoError(t, err)
	defer func() { _ = lock.Close() }()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	cmd := command(t, "serve", "--listen", "unix:"+filepath.Join(dir, "s"), "--log-level", "debug")
	var out bytes.Buffer
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	cmd.Stdout = &out
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(stderr).ReadString('\n') // it has started
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	start := time.Now()
	assert.NoError(t, cmd.Wait())
	assert.Less(t, time.Since(start), 2*time.Second)
	assert.Empty(t, out.String())
}

// TestInheritedConnectionIsServedToItsEnd starts serve with a connected socket, as inetd
// does. serve must end when the peer does.
func TestInheritedConnectionIsServedToItsEnd(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	for _, fd := range pair {
		syscall.CloseOnExec(fd) // else serve would have both ends
	}
	theirs := os.NewFile(uintptr(pair[0]), "theirs")
	ours := os.NewFile(uintptr(pair[1]), "ours")
	cmd := command(t, "serve", "--listen", "fd:3", "--log-level", "error")
	cmd.ExtraFiles = []*os.File{theirs}
	require.NoError(t, cmd.Start())
	require.NoError(t, theirs.Close())
	_, err = ours.WriteString("\x15\x00\x00\x00\x64\xff\xff\x00\x20\x00\x00\x08\x009P2000.L")
	require.NoError(t, err)
	n, err := ours.Read(make([]byte, 100))
	require.NoError(t, err)
	assert.Equal(t, 21, n)
	require.NoError(t, ours.Close())
	assert.NoError(t, cmd.Wait(), "exit status 0")
}
