package check

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// silent runs a proxy in front of a server and returns its endpoint. The proxy drops every
// Tread, so reads are never answered.
func silent(t *testing.T, server string) (endpoint string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "silent")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test has ended and closed l
			}
			go relaySilently(client, server)
		}
	}()
	return "unix:" + path
}

func relaySilently(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	conn, err := net.Dial("unix", strings.TrimPrefix(server, "unix:"))
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	go func() { _, _ = io.Copy(client, conn) }() // until conn is closed
	const tread = 116
	for in := bufio.NewReader(client); ; {
		size, err := in.Peek(4)
		if err != nil {
			return
		}
		message := make([]byte, binary.LittleEndian.Uint32(size))
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		if message[4] == tread {
			continue
		}
		if _, err := conn.Write(message); err != nil {
			return
		}
	}
}

func TestCaseFailsIfTheServerDoesNotAnswer(t *testing.T) {
	server, srv := serve(t)
	start := time.Now()
	r := runAt(t, silent(t, server), Plain, Options{Timeout: 300 * time.Millisecond, Only: []string{"read.new", "write.full", "capacity.1", "open.twice"}})
	assert.Less(t, time.Since(start), 10*time.Second)
	assert.Equal(t, Passed, of(t, r, "open.twice").Status)
	for _, id := range []string{"read.new", "write.full", "capacity.1"} {
		assert.Equal(t, "read did not return within 300ms", of(t, r, id).Reason, id)
	}
	assert.Eventually(t, func() bool { return srv.Kernel.Sessions() == 0 }, settleTime, askAgain, "the connections are closed")
}
