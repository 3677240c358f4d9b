package client_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client"
	"fullex/p9srv/wire"
)

// played is the server's end of a connection. The test plays the server.
type played struct {
	t    *testing.T
	conn net.Conn
}

// pair returns both ends of a unix socket.
func pair(t testing.TB) (here, there net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	here, err = net.Dial("unix", l.Addr().String())
	require.NoError(t, err)
	there, err = l.Accept()
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return here, there
}

// onBoth runs a test twice: with a client whose reads wait in the runtime's poller, and with
// one whose reads block a thread.
func onBoth(t *testing.T, test func(*testing.T, *played, *client.Conn)) {
	for name, is := range map[string]func(testing.TB, net.Conn) io.ReadWriteCloser{
		"poller":   func(_ testing.TB, c net.Conn) io.ReadWriteCloser { return c },
		"blocking": func(t testing.TB, c net.Conn) io.ReadWriteCloser { return blocking(t, c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there := pair(t)
			s := &played{t, there}
			k := during(func() *client.Conn { return over(t, is(t, here)) })
			s.agree()
			test(t, s, <-k)
			require.NoError(t, there.Close())
		})
	}
}

// during makes a call in the background and returns a channel of its result.
func during[T any](call func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- call() }()
	return done
}

// result is the result of a call.
type result struct {
	n   int
	err error
}

// receive returns the next request, which must have the type want.
func (s *played) receive(want wire.Type) wire.Frame {
	s.t.Helper()
	require.NoError(s.t, s.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	m := make([]byte, wire.HeadSize)
	_, err := io.ReadFull(s.conn, m)
	require.NoError(s.t, err)
	m = append(m, make([]byte, wire.Size(m)-wire.HeadSize)...)
	_, err = io.ReadFull(s.conn, m[wire.HeadSize:])
	require.NoError(s.t, err)
	require.Equal(s.t, want, wire.Frame(m).Type(), wire.Frame(m).Line())
	return m
}

// reply sends a reply with a body.
func (s *played) reply(typ wire.Type, tag uint16, body ...byte) {
	s.t.Helper()
	_, err := s.conn.Write(wire.End(append(wire.Begin(nil, typ, tag), body...), 0))
	require.NoError(s.t, err)
}

func (s *played) agree() {
	m := s.receive(wire.Tversion)
	_, err := s.conn.Write(wire.AppendVersion(nil, wire.Rversion, m.Tag(), 8<<10, wire.Version9P2000L))
	require.NoError(s.t, err)
}

// u32 returns a number as bytes of a body.
func u32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

// ok returns the body of a successful reply to a request that makes or opens a fid.
func ok(request wire.Type) []byte {
	qid := wire.AppendQID(nil, p9.QID{Path: 1})
	switch request {
	case wire.Twalk:
		return append([]byte{1, 0}, qid...)
	case wire.Tlopen:
		return append(qid, u32(0)...)
	}
	return qid
}

// file attaches, and walks to a file.
func (s *played) file(k *client.Conn) (root, f *client.File) {
	s.t.Helper()
	attached := during(func() *client.File { return attach(s.t, k) })
	s.reply(wire.Rattach, s.receive(wire.Tattach).Tag(), ok(wire.Tattach)...)
	root = <-attached
	walked := during(func() *client.File {
		f, err := root.Walk(context.Background(), "f")
		assert.NoError(s.t, err)
		return f
	})
	s.reply(wire.Rwalk, s.receive(wire.Twalk).Tag(), ok(wire.Twalk)...)
	return root, <-walked
}

// fidOf returns the fid of a request such as Tclunk or Tread.
func fidOf(m wire.Frame) uint32 {
	body := m.Body()
	return body.U32()
}

// noneOfOurs fails the test if a goroutine still runs this package's code.
func noneOfOurs(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		return !strings.Contains(string(stacks), "client.(*stream)")
	}, 10*time.Second, time.Millisecond, "a goroutine is left")
}
