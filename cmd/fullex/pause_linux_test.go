package main

import (
	"io"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/wire"
)

// TestPausedServerCutsNobody stops the server, as Ctrl-Z, a frozen container or a debugger do.
// It lets the server go on after the time limits of its clients have passed.
func TestPausedServerCutsNobody(t *testing.T) {
	t.Parallel()
	const limit = time.Second
	socket := filepath.Join(t.TempDir(), "s")
	server := startFullex(t, "serve", "--listen", "unix:"+socket,
		"--handshake-timeout", limit.String(), "--frame-timeout", limit.String(), "--idle-timeout", limit.String())
	dial := func(start []byte, replies int) net.Conn {
		c, err := net.Dial("unix", socket)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		_, err = c.Write(start)
		require.NoError(t, err)
		for range replies {
			replyOn(t, c)
		}
		return c
	}
	version := wire.AppendVersion(nil, wire.Tversion, wire.NoTag, 8192, wire.Version9P2000L)
	attach := wire.AppendAttach(nil, 1, 0, "", wire.NoUID)
	attached := append(append([]byte(nil), version...), attach...)
	getattr := wire.AppendGetattr(nil, 1, 0, 0x7ff)
	clients := map[string]struct {
		conn net.Conn
		rest []byte
	}{
		"before its version":   {dial(nil, 0), version},
		"before it attaches":   {dial(version, 1), attach},
		"within a message":     {dial(append(append([]byte(nil), attached...), getattr[:9]...), 2), getattr[9:]},
		"between two messages": {dial(attached, 2), getattr},
	}
	require.NoError(t, server.cmd.Process.Signal(syscall.SIGSTOP))
	<-time.After(2 * limit)
	require.NoError(t, server.cmd.Process.Signal(syscall.SIGCONT))
	for name, c := range clients {
		_, err := c.conn.Write(c.rest)
		require.NoError(t, err, name)
		assert.NotEqual(t, wire.Rlerror, replyOn(t, c.conn).Type(), name)
	}
	require.NoError(t, server.end(syscall.SIGTERM))
}

// replyOn reads one message.
func replyOn(t *testing.T, c net.Conn) wire.Frame {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	reply := make([]byte, wire.HeadSize)
	_, err := io.ReadFull(c, reply)
	require.NoError(t, err)
	reply = append(reply, make([]byte, wire.Size(reply)-wire.HeadSize)...)
	_, err = io.ReadFull(c, reply[wire.HeadSize:])
	require.NoError(t, err)
	return reply
}
