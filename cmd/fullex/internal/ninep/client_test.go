package ninep

import (
	"math"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/outside"
)

// TestEveryCallEndsWhenTheServerDoes: whatever was being sent or waited for, and
// nothing of it comes up on another connection.
func TestEveryCallEndsWhenTheServerDoes(t *testing.T) {
	for range 20 {
		srv := &p9srv.Server{}
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		require.NoError(t, err)
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		conn, err := net.Dial("unix", l.Addr().String())
		require.NoError(t, err)
		socket, err := outside.NewConn(conn)
		require.NoError(t, err)
		client, err := New(socket)
		require.NoError(t, err)
		root, err := client.Attach(math.MaxUint32)
		require.NoError(t, err)
		var callers sync.WaitGroup
		for range 16 {
			callers.Go(func() {
				for {
					file, err := Walk(root, []string{"full_ex"})
					if err == nil {
						err = Local(file.Close())
					}
					if err != nil {
						assert.ErrorIs(t, err, ErrEnded)
						return
					}
				}
			})
		}
		time.Sleep(time.Millisecond) // so that some are at it
		require.NoError(t, srv.Close())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			callers.Wait()
		}()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Fatal("calls hang")
		}
		assert.ErrorIs(t, <-served, p9srv.ErrServerClosed)
		require.NoError(t, client.Close())
		other, _, _ := connect(t)
		_, err = other.Attach(1)
		require.NoError(t, err)
	}
}
