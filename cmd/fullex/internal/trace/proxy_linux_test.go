package trace

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint/rights/rightstest"
)

// unguarded is a listener whose connections accept descriptors. Its first Accept fails.
type unguarded struct {
	net.Listener
	failed sync.Once
}

func (u *unguarded) Accept() (c net.Conn, err error) {
	u.failed.Do(func() { err = syscall.EPROTO })
	if err != nil {
		return nil, err
	}
	return u.Listener.Accept()
}

// TestDescriptorsOfAClientDelayNobody sends descriptors that take long to close.
func TestDescriptorsOfAClientDelayNobody(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	q := NewQueue()
	defer q.Close()
	p := &Proxy{
		Queue: q, Failed: func(err error) { assert.ErrorIs(t, err, syscall.EPROTO) },
		Dial: func(context.Context) (net.Conn, error) {
			ours, server := net.Pipe()
			go func() { _, _ = io.Copy(server, server) }() // ends with ours
			return ours, nil
		},
	}
	dialUnix := func() *net.UnixConn {
		c, err := net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr))
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		require.NoError(t, c.SetDeadline(time.Now().Add(rightstest.Linger/20)))
		return c
	}
	var senders []*net.UnixConn
	for range 3 { // before the proxy runs, which refuses descriptors
		senders = append(senders, dialUnix())
		require.NoError(t, rightstest.NewSlow(t).Send(senders[len(senders)-1], []byte("x")))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(ctx, &unguarded{Listener: l}) }()
	for _, c := range senders {
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the proxy must close the connection")
	}
	c := dialUnix()
	_, err = c.Write([]byte("\x07\x00\x00\x00\x64\x00\x00"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 7))
	require.NoError(t, err, "other clients are served")
	cancel()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(rightstest.Linger / 20):
		t.Fatal("Serve waits for a descriptor to close")
	}
}
