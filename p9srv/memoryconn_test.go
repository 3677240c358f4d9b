package p9srv

import (
	"bytes"
	"context"
	"io"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/wire"
)

// connectAndOpen returns a new connection in memory and a file on it, opened with the library.
func connectAndOpen(t testing.TB, srv *Server, path ...string) (*MemoryConn, p9.File) {
	t.Helper()
	conn, err := srv.Connect()
	require.NoError(t, err)
	client, err := p9.NewClient(conn)
	require.NoError(t, err)
	root, err := client.Attach("")
	require.NoError(t, err)
	_, file, err := root.Walk(path)
	require.NoError(t, err)
	_, _, err = file.Open(p9.ReadWrite)
	require.NoError(t, err)
	return conn, file
}

func TestConnectServesManyCallersOfOneConnection(t *testing.T) {
	srv := &Server{}
	conn, _ := connectAndOpen(t, srv, "full_ex")
	client := conn
	require.NoError(t, client.Close())
	assert.Zero(t, srv.Kernel.Sessions(), "Close frees all sessions")
	_, err := client.Write([]byte{0})
	assert.ErrorIs(t, err, io.ErrClosedPipe)
	_, err = client.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)

	conn, file := connectAndOpen(t, srv, "full_ex")
	_, err = file.WriteAt([]byte{100}, 0)
	require.NoError(t, err)
	var callers sync.WaitGroup
	const each = 200
	for range 4 {
		callers.Go(func() {
			for range each {
				if _, err := file.WriteAt([]byte{2, 0, 0, 0}, 0); !assert.NoError(t, err) {
					return
				}
				p := make([]byte, 4)
				if n, err := file.ReadAt(p, 0); !assert.NoError(t, err) || !assert.Equal(t, 4, n) {
					return
				}
			}
		})
	}
	callers.Wait()
	require.NoError(t, conn.Close())
}

func TestConnectionInMemoryEndsWhileAWriterWaits(t *testing.T) {
	version := versionFrame()
	for name, end := range map[string]func(*Server, *MemoryConn) error{
		"close":    func(_ *Server, c *MemoryConn) error { return c.Close() },
		"Shutdown": func(s *Server, _ *MemoryConn) error { return s.Shutdown(context.Background()) },
		"Close":    func(s *Server, _ *MemoryConn) error { return s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			srv := &Server{}
			conn, err := srv.Connect()
			require.NoError(t, err)
			done := make(chan error, 1)
			go func() {
				for { // nobody reads
					if _, err := conn.Write(bytes.Repeat(version, 100)); err != nil {
						done <- err
						return
					}
				}
			}()
			time.Sleep(10 * time.Millisecond) // the writer may wait by now; it must end in any case
			require.NoError(t, end(srv, conn))
			assert.ErrorIs(t, <-done, io.ErrClosedPipe)
			require.NoError(t, conn.Close(), "again")
		})
	}
}

// versionFrame returns a Tversion.
func versionFrame() []byte {
	b := wire.Begin(nil, wire.Tversion, 0xffff)
	b = le.AppendUint32(b, maxMsize)
	return wire.End(wire.AppendString(b, "9P2000.L"), 0)
}

func TestConnectionInMemoryTakesPiecesOfAnySize(t *testing.T) {
	srv := &Server{}
	request := bytes.Repeat(versionFrame(), 3)
	for size := 1; size <= len(request); size++ {
		conn, err := srv.Connect()
		require.NoError(t, err)
		for rest := request; len(rest) > 0; {
			n, err := conn.Write(rest[:min(size, len(rest))])
			require.NoError(t, err)
			rest = rest[n:]
		}
		replies := make([]byte, len(request))
		_, err = io.ReadFull(conn, replies)
		require.NoError(t, err)
		assert.Equal(t, 3, bytes.Count(replies, []byte("9P2000.L")), "pieces of %d", size)
		require.NoError(t, conn.Close())
	}
	conn, err := srv.Connect()
	require.NoError(t, err)
	_, err = conn.Write([]byte{1, 0, 0, 0})
	assert.ErrorIs(t, err, errFrameSize)
	_, err = conn.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	require.NoError(t, conn.Close())
}

func TestExchangeAnswersOneMessage(t *testing.T) {
	srv := &Server{}
	conn, err := srv.Connect()
	require.NoError(t, err)
	reply, err := conn.Exchange(versionFrame(), []byte{1, 2})
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2}, reply[:2], "the reply is appended")
	assert.Equal(t, wire.Rversion, wire.Frame(reply[2:]).Type())
	for name, message := range map[string][]byte{
		"less than one": versionFrame()[:10],
		"more than one": append(versionFrame(), 1),
	} {
		conn, err := srv.Connect()
		require.NoError(t, err)
		_, err = conn.Exchange(message, nil)
		assert.ErrorIs(t, err, errNotOne, name)
		_, err = conn.Exchange(versionFrame(), nil)
		assert.ErrorIs(t, err, io.ErrClosedPipe)
		require.NoError(t, conn.Close())
	}
	require.NoError(t, conn.Close())
	require.NoError(t, srv.Close())
}

func TestConnectIsRefusedByAFullOrClosedServer(t *testing.T) {
	srv := &Server{Limits: Limits{Conns: 1}}
	conn, err := srv.Connect()
	require.NoError(t, err)
	_, err = srv.Connect()
	assert.ErrorIs(t, err, syscall.ENFILE)
	require.NoError(t, conn.Close())
	require.NoError(t, srv.Close())
	_, err = srv.Connect()
	assert.ErrorIs(t, err, ErrServerClosed)
}

// BenchmarkMemory measures a round trip between the library's client and a server in the same
// process.
func BenchmarkMemory(b *testing.B) {
	srv := &Server{}
	conn, file := connectAndOpen(b, srv, "full_ex")
	_, err := file.WriteAt([]byte{1}, 0)
	require.NoError(b, err)
	p := []byte{2, 0, 0, 0}
	for i := 0; b.Loop(); i++ {
		if i%2 == 0 {
			_, err = file.WriteAt(p, 0)
		} else {
			_, err = file.ReadAt(p, 0)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, conn.Close())
}
