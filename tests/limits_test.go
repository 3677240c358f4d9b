package tests

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hugelgupf/p9/linux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/locked"
)

func TestFIDsOfAConnectionAreBounded(t *testing.T) {
	addr := serve(t, &p9srv.Server{Limits: p9srv.Limits{FIDs: 3}})
	root := attach(t, addr, "/each")
	first := mustOpen(t, root, "full_ex")
	mustOpen(t, root, "full_ex")
	_, err := openFile(root, "full_ex")
	assert.ErrorIs(t, err, linux.EMFILE)
	write(t, first, []byte{2})
	mustOpen(t, attach(t, addr, "/each"), "full_ex") // another connection
	require.NoError(t, first.Close())
	mustOpen(t, root, "full_ex")
}

func TestFIDsOfAllConnectionsAreBounded(t *testing.T) {
	srv := &p9srv.Server{Limits: p9srv.Limits{AllFIDs: 4}}
	addr := serve(t, srv)
	root, other := dial(t, addr), attach(t, addr, "/each")
	each := attachOn(t, root, "/each")
	mustOpen(t, each, "full_ex")
	mustOpen(t, other, "full_ex")
	_, err := openFile(other, "full_ex")
	assert.ErrorIs(t, err, linux.ENFILE)
	require.NoError(t, root.Close())
	eventually(t, "the fids of the closed connection are free", func() bool { return srv.Kernel.Sessions() == 1 })
	eventually(t, "another open works", func() bool {
		file, err := openFile(other, "full_ex")
		return err == nil && file.Close() == nil
	})
}

func TestSessionsAreBounded(t *testing.T) {
	d := newKernel()
	d.MaxSessions = 2
	root := attach(t, serve(t, &p9srv.Server{Kernel: d}), "/each")
	first := mustOpen(t, root, "full_ex")
	mustOpen(t, root, "full_ex")
	_, err := openFile(root, "full_ex")
	assert.ErrorIs(t, err, linux.ENFILE)
	require.NoError(t, first.Close())
	mustOpen(t, root, "full_ex")
}

func TestConnectionAboveTheLimitIsClosed(t *testing.T) {
	addr := serve(t, &p9srv.Server{Limits: p9srv.Limits{Conns: 2}})
	first := attach(t, addr, "")
	attach(t, addr, "")
	assertCut(t, dial(t, addr))
	mustOpen(t, first, "full_ex") // others are not affected
}

// assertCut waits until the server closes a connection.
func assertCut(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	// One read is not enough: the client library clunks unused fids at any time, and
	// the reply to that may come first.
	_, err := io.Copy(io.Discard, c)
	assert.True(t, err == nil || errors.Is(err, syscall.ECONNRESET), "closed by the server: %v", err)
}

func TestPeerThatDoesNotAttachIsCut(t *testing.T) {
	const soon = 500 * time.Millisecond
	addr := serve(t, &p9srv.Server{Limits: p9srv.Limits{HandshakeTimeout: soon}})
	attached := attach(t, addr, "")
	for name, first := range map[string]string{
		"silent":             "",
		"within a frame":     "\x13\x00",
		"only a version":     string(message(100, 0xffff, u32(8192), text("9P2000.L"))),
		"an unknown version": string(message(100, 0xffff, u32(8192), text("9P2000"))),
		"refused messages":   strings.Repeat(string(message(120, 1, u32(1))), 10),
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, addr)
			_, err := c.Write([]byte(first))
			require.NoError(t, err)
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
			_, err = io.Copy(io.Discard, c)
			assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
		})
	}
	mustOpen(t, attached, "full_ex")
}

func TestIdlePeerIsCutOnlyWithAnIdleTimeout(t *testing.T) {
	const soon = 500 * time.Millisecond
	idle := serve(t, &p9srv.Server{Limits: p9srv.Limits{IdleTimeout: soon}})
	c := dial(t, idle)
	attachOn(t, c, "")
	assertCut(t, c)

	patient := serve(t, &p9srv.Server{Limits: p9srv.Limits{HandshakeTimeout: soon}})
	c = dial(t, patient)
	root := attachOn(t, c, "")
	require.NoError(t, c.SetReadDeadline(time.Now().Add(3*soon)))
	_, err := c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "still connected")
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	mustOpen(t, root, "full_ex")
}

func TestPeerThatStopsWithinAFrameIsCut(t *testing.T) {
	const soon = 500 * time.Millisecond
	srv := &p9srv.Server{Limits: p9srv.Limits{FrameTimeout: soon}}
	addr := serve(t, srv)
	large := append(u32(60_000), make([]byte, 59_996)...)
	large[4], large[5] = 250, 7 // of an unknown type
	for name, send := range map[string]func(c net.Conn) error{
		"with a small part": func(c net.Conn) error { return writeAll(c, large[:3]) },
		"with a large part": func(c net.Conn) error { return writeAll(c, large[:50_000]) },
		"a byte at a time":  func(c net.Conn) error { return drip(c, large, soon/20) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, addr)
			mustOpen(t, attachOn(t, c, "/each"), "full_ex")
			_ = send(c) // fails if the server closes the connection meanwhile
			assertCut(t, c)
		})
	}
}

// TestPeerThatStopsWithinAFrameBeforeItsAttachIsCut limits the time for the rest of a frame,
// but not the time until the attach.
func TestPeerThatStopsWithinAFrameBeforeItsAttachIsCut(t *testing.T) {
	addr := serve(t, &p9srv.Server{Limits: p9srv.Limits{HandshakeTimeout: -1, FrameTimeout: 500 * time.Millisecond}})
	c := dial(t, addr)
	require.NoError(t, writeAll(c, append(message(100, 0xffff, u32(65536), text("9P2000.L")), u32(60_000)...)))
	readFrame(t, c)
	assertCut(t, c)
}

// TestPeerThatAlwaysSendsFramesInPartsIsServed: at any time the server has only a part of a
// frame, but the rest of each frame comes soon.
func TestPeerThatAlwaysSendsFramesInPartsIsServed(t *testing.T) {
	const soon = 500 * time.Millisecond
	c := dial(t, serve(t, &p9srv.Server{Limits: p9srv.Limits{FrameTimeout: soon}}))
	root := attachOn(t, c, "")
	const requests = 30
	stream := bytes.Repeat(message(120, 1, u32(99)), requests)
	const part = 5
	require.NoError(t, writeAll(c, stream[:part]))
	ticker := time.NewTicker(soon / 10)
	defer ticker.Stop()
	size := len(stream) / requests
	for i := range requests - 1 {
		<-ticker.C
		require.NoError(t, writeAll(c, stream[i*size+part:(i+1)*size+part]))
		readFrame(t, c)
	}
	require.NoError(t, writeAll(c, stream[len(stream)-size+part:]))
	readFrame(t, c)
	mustOpen(t, root, "full_ex")
}

func writeAll(c net.Conn, p []byte) error {
	_, err := c.Write(p)
	return err
}

// drip writes p byte by byte. It returns an error if the other side closes the connection.
func drip(c net.Conn, p []byte, pause time.Duration) error {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for i := range p {
		if err := writeAll(c, p[i:i+1]); err != nil {
			return err
		}
		<-ticker.C
	}
	return nil
}

func TestPeerThatDoesNotReadIsCutAndOthersAreServed(t *testing.T) {
	srv := &p9srv.Server{Kernel: newKernel(), Limits: p9srv.Limits{WriteTimeout: 200 * time.Millisecond}}
	addr := serve(t, srv)
	c := dial(t, addr)
	mustOpen(t, attachOn(t, c, ""), "full_ex")
	sent := make(chan int)
	go func() {
		total := 0
		for request := message(120, 1, u32(99)); ; {
			n, err := c.Write([]byte(strings.Repeat(string(request), 1000)))
			total += n
			if err != nil {
				sent <- total
				return
			}
		}
	}()
	other := mustOpen(t, attach(t, addr, ""), "full_ex")
	write(t, other, []byte{1})
	select {
	case total := <-sent:
		assert.Less(t, total, 16<<20, "bytes taken from a peer that does not read")
	case <-time.After(patience):
		t.Fatal("the connection was not closed")
	}
	eventually(t, "the session is freed", func() bool { return srv.Kernel.Sessions() == 1 })
}

// TestSlowReaderIsNotCut repeatedly reads replies late, but within the write timeout.
func TestSlowReaderIsNotCut(t *testing.T) {
	addr := serve(t, &p9srv.Server{Limits: p9srv.Limits{WriteTimeout: 2 * time.Second}})
	c := dial(t, addr)
	mustOpen(t, attachOn(t, c, ""), "full_ex")
	const batch = 200_000 // requests; more than the sockets buffer
	requests := strings.Repeat(string(message(120, 1, u32(99))), batch)
	for range 3 {
		done := make(chan error, 1)
		go func() {
			_, err := c.Write([]byte(requests))
			done <- err
		}()
		eventually(t, "the server waits in a write", blockedInWrite)
		_, err := io.CopyN(io.Discard, c, 11*batch)
		require.NoError(t, err)
		require.NoError(t, <-done)
	}
}

// TestExceededLimitsAreLogged exceeds each limit a hundred times. The log must have the line
// of that limit, but not a hundred times.
func TestExceededLimitsAreLogged(t *testing.T) {
	kernel := newKernel()
	kernel.MaxSessions = 1
	const many = 100
	openMany := func(t *testing.T, addr net.Addr) {
		root := attach(t, addr, "/each")
		for range many {
			_, _ = openFile(root, "full_ex") // only the first ones succeed
		}
	}
	connectMany := func(t *testing.T, addr net.Addr) {
		for range many {
			require.NoError(t, dial(t, addr).Close())
		}
	}
	for name, test := range map[string]struct {
		server *p9srv.Server
		exceed func(*testing.T, net.Addr)
		line   string
	}{
		"conns":    {&p9srv.Server{Limits: p9srv.Limits{Conns: 1}}, connectMany, "too many connections"},
		"fids":     {&p9srv.Server{Limits: p9srv.Limits{FIDs: 2}}, openMany, "too many fids on this connection"},
		"all fids": {&p9srv.Server{Limits: p9srv.Limits{AllFIDs: 2}}, openMany, "too many fids"},
		"sessions": {&p9srv.Server{Kernel: kernel}, openMany, "too many sessions"},
	} {
		t.Run(name, func(t *testing.T) {
			var log locked.Buffer
			test.server.Log = slog.New(slog.NewTextHandler(&log, nil))
			addr := serve(t, test.server)
			first := attach(t, addr, "")
			test.exceed(t, addr)
			lines := 0
			eventually(t, "the line is logged", func() bool {
				lines = strings.Count(log.String(), `level=WARN msg="`+test.line+`" `)
				return lines > 0
			})
			assert.Less(t, lines, many/2, "the rate of lines is limited")
			require.NoError(t, first.Close())
		})
	}
}
