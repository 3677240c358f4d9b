package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// connected returns both ends of a connection: the peer's, and ours for a command.
func connected(t *testing.T, network string) (peer *os.File, ours *os.File) {
	t.Helper()
	if network == "unix" {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		return os.NewFile(uintptr(pair[0]), "peer"), os.NewFile(uintptr(pair[1]), "ours")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	client, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	accepted, err := l.Accept()
	require.NoError(t, err)
	file := func(c net.Conn) *os.File {
		f, err := c.(*net.TCPConn).File()
		require.NoError(t, err)
		require.NoError(t, c.Close())
		return f
	}
	return file(client), file(accepted)
}

// startOn starts a command that has a connection as some of its standard streams. The others
// are /dev/null.
func startOn(t *testing.T, network string, streams []int, args ...string) (cmd *exec.Cmd, peer net.Conn) {
	t.Helper()
	theirs, ours := connected(t, network)
	cmd = command(t, args...)
	for _, n := range streams {
		switch n {
		case 0:
			cmd.Stdin = ours
		case 1:
			cmd.Stdout = ours
		case 2:
			cmd.Stderr = ours
		}
	}
	require.NoError(t, cmd.Start())
	require.NoError(t, ours.Close())
	peer, err := net.FileConn(theirs)
	require.NoError(t, err)
	require.NoError(t, theirs.Close())
	require.NoError(t, peer.SetDeadline(time.Now().Add(20*time.Second)))
	t.Cleanup(func() { _ = peer.Close() }) // it may be closed already
	return cmd, peer
}

// TestOnlyTheProtocolIsOnAConnection starts servers as super-servers do. The connection is
// standard input and output, under inetd standard error too, or only one of them.
func TestOnlyTheProtocolIsOnAConnection(t *testing.T) {
	target, _ := serveHere(t)
	const here = "fd:N" // stands for the connection
	commands := map[string][]string{
		"serve":      {"serve", "--trace", "--log-level", "debug", "--listen", here},
		"serve more": {"serve", "--trace", "--log-level", "debug", "--listen", "tcp:127.0.0.1:0", "--listen", here},
		"trace":      {"trace", "--listen", here, target},
	}
	for name, args := range commands {
		for _, network := range []string{"unix", "tcp"} {
			for _, streams := range [][]int{{0, 1}, {0, 1, 2}, {1}, {2}} {
				args := slices.Clone(args)
				args[slices.Index(args, here)] = "fd:" + strconv.Itoa(streams[0])
				cmd, peer := startOn(t, network, streams, args...)
				_, err := io.WriteString(peer, versionRequest)
				require.NoError(t, err)
				reply := make([]byte, 21)
				_, err = io.ReadFull(peer, reply)
				require.NoError(t, err)
				assert.Equal(t, "9P2000.L", string(reply[13:]), "%s %s %v", name, network, streams)
				if name == "serve more" {
					require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
				} else {
					require.NoError(t, peer.(interface{ CloseWrite() error }).CloseWrite())
				}
				rest, err := io.ReadAll(peer)
				assert.NoError(t, err)
				assert.Empty(t, string(rest), "%s %s %v", name, network, streams)
				assert.Equal(t, 0, endOf(t, cmd))
			}
		}
	}
}

// TestConnectionEndsForItsPeer wants the peer to see the end of its connection. The server
// goes on, and had three descriptors of it.
func TestConnectionEndsForItsPeer(t *testing.T) {
	cmd, peer := startOn(t, "unix", []int{0, 1, 2}, "serve", "--listen", "fd:0", "--listen", "tcp:127.0.0.1:0")
	_, err := io.WriteString(peer, "nonsense, and more of it than a message has room for")
	require.NoError(t, err)
	rest, err := io.ReadAll(peer)
	assert.NoError(t, err)
	assert.Empty(t, string(rest))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 0, endOf(t, cmd))
}

// TestErrorsStayOutOfAConnection starts commands that fail on a connection.
func TestErrorsStayOutOfAConnection(t *testing.T) {
	for _, args := range [][]string{
		{"serve", "--nosuchflag", "--listen", "fd:0"},
		{"serve", "--module", "nosuch", "--listen=fd:0"},
		{"serve", "--listen", "fd:0", "--listen", "unix:/proc/x"},
		{"trace", "--listen", "fd:0", "unix:/nosuch"},
		{"vhost-user-9p", "--fd=0", "--tag=a b"},
		{"vhost-user-9p", "--fd", "0", "word"},
		{"ls", "-l", "fd:0"}, // its peer is not a server
		{"mount", "fd:0", "/nosuch"},
	} {
		cmd, peer := startOn(t, "unix", []int{0, 1, 2}, args...)
		require.NoError(t, peer.(*net.UnixConn).CloseWrite())
		said, err := io.ReadAll(peer)
		require.NoError(t, err)
		assert.NotContains(t, string(said), "fullex", args)
		assert.NotEqual(t, 0, endOf(t, cmd), args)
	}
}

// TestClientPrintsNothingIntoItsConnection wants its error on another stream.
func TestClientPrintsNothingIntoItsConnection(t *testing.T) {
	endpoint, srv := serveHere(t)
	theirs, ours := connected(t, "unix")
	conn, err := net.FileConn(theirs)
	require.NoError(t, err)
	require.NoError(t, theirs.Close())
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(conn) }()
	cmd := command(t, "cat", "fd:1", "modules", "nosuch")
	cmd.Stdout = ours
	stderr := pipeTo(t)
	cmd.Stderr = stderr.w
	require.NoError(t, cmd.Start())
	require.NoError(t, ours.Close())
	assert.Equal(t, 1, endOf(t, cmd))
	require.NoError(t, <-served)
	require.NoError(t, stderr.w.Close())
	said, err := io.ReadAll(stderr.r)
	require.NoError(t, err)
	assert.Contains(t, string(said), "nosuch")
	assert.True(t, answers(endpoint[len("unix:"):]))
}

// TestServerKeepsItsStreamsNumbers gives a server its socket as standard output and error.
// The server must put /dev/null there: the connection of a client could get a free number,
// and the server would print into it.
func TestServerKeepsItsStreamsNumbers(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	f, err := l.(*net.UnixListener).File()
	require.NoError(t, err)
	cmd := command(t, "serve", "--trace", "--listen", "fd:1")
	cmd.Stdout, cmd.Stderr = f, f
	require.NoError(t, cmd.Start())
	require.NoError(t, f.Close())
	for range 10 {
		require.True(t, answers(socket))
	}
	for _, fd := range []string{"1", "2"} {
		to, err := os.Readlink("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/fd/" + fd)
		require.NoError(t, err)
		assert.Equal(t, os.DevNull, to)
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 0, endOf(t, cmd))
	require.NoError(t, l.Close())
}

func TestSocketsThatArgumentsName(t *testing.T) {
	for _, test := range []struct {
		args []string
		want []int
	}{
		{[]string{"fullex", "serve", "--listen", "fd:0", "--listen=fd:12"}, []int{0, 12}},
		{[]string{"fullex", "ls", "fd:1"}, []int{1}},
		{[]string{"/usr/libexec/vhost-user-9p", "--fd=3"}, []int{3}},
		{[]string{"fullex", "vhost-user-9p", "-fd", "0"}, []int{0}},
		{[]string{"fullex", "serve", "--listen", "unix:/run/fd:0", "--listen", "unix:fd"}, nil},
		{[]string{"fullex", "run", "--", "cat", "fd:1"}, nil},
		{[]string{"fullex"}, nil},
	} {
		assert.Equal(t, test.want, inheritedSockets(test.args), test.args)
	}
}
