package p9srv

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failsOnce is a listener whose first Accept returns err.
type failsOnce struct {
	net.Listener
	once sync.Once
	err  error
}

func (f *failsOnce) Accept() (c net.Conn, err error) {
	f.once.Do(func() { err = f.err })
	if err != nil {
		return nil, err
	}
	return f.Listener.Accept()
}

func TestServeEndsOnlyIfAcceptCanNeverSucceedAgain(t *testing.T) {
	for err, ends := range map[syscall.Errno]bool{syscall.EPROTO: false, syscall.ENOSPC: false, syscall.EBADF: true} {
		l, listenErr := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, listenErr)
		var log bytes.Buffer
		srv := &Server{Log: slog.New(slog.NewTextHandler(&log, nil))}
		done := make(chan error, 1)
		go func() { done <- srv.Serve(&failsOnce{Listener: l, err: err}) }()
		if ends {
			require.ErrorIs(t, <-done, err)
			require.NoError(t, srv.Close())
			continue
		}
		c, dialErr := net.Dial("tcp", l.Addr().String())
		require.NoError(t, dialErr)
		agree(t, c)
		require.NoError(t, c.Close())
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-done, ErrServerClosed)
		assert.Contains(t, log.String(), err.Error())
	}
}

// agree agrees on a version with the server.
func agree(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := c.Write(versionFrame())
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, len(versionFrame()))) // Rversion has the same fields
	require.NoError(t, err)
}
