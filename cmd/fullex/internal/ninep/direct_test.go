package ninep

import (
	"sync"
	"syscall"
	"testing"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
)

// connect returns both ways to use a connection within this process.
func connect(t testing.TB) (*Client, *Direct, *p9srv.Server) {
	t.Helper()
	srv := &p9srv.Server{}
	conn, err := srv.Connect()
	require.NoError(t, err)
	client, err := New(conn)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, client.Close())
		assert.Zero(t, srv.Kernel.Sessions())
	})
	return client, client.Direct(), srv
}

func TestDirectIsTheLibrarysEqual(t *testing.T) {
	client, direct, srv := connect(t)
	root, err := client.Attach(7)
	require.NoError(t, err)
	f, err := direct.Open(7, []string{"pid", "5", "full_ex"}, syscall.O_RDWR)
	require.NoError(t, err)
	session := srv.Kernel.All()[0]
	assert.EqualValues(t, 7, session.Client().User.UID)
	assert.EqualValues(t, 5, session.Client().Process)
	_, err = direct.Open(7, []string{"pid", "5", "full_ex"}, syscall.O_RDWR)
	assert.Equal(t, syscall.EACCES, err)
	for _, path := range [][]string{{"nosuch"}, {"pid", "5", "nosuch"}, {"pid", "x"}} {
		_, err = direct.Open(7, path, syscall.O_RDWR)
		assert.Equal(t, syscall.ENOENT, err, path)
	}
	n, err := f.WriteAt([]byte{3}, 0)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	n, err = f.WriteAt([]byte{1, 0, 0, 0}, 9)
	require.NoError(t, err)
	assert.Equal(t, 4, n)
	_, err = f.WriteAt(make([]byte, 100_000), 0)
	assert.Equal(t, syscall.EINVAL, err)
	p := make([]byte, 100_000)
	n, err = f.ReadAt(p, 1<<40)
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 0, 0, 0}, p[:n])
	_, err = f.ReadAt(p, 0)
	assert.Equal(t, syscall.EACCES, err)
	assert.NoError(t, f.FSync())

	same, err := Walk(root, []string{"pid", "5", "full_ex"})
	require.NoError(t, err)
	wantQID, _, want, err := same.GetAttr(p9.AttrMaskAll)
	require.NoError(t, err)
	qid, attr, err := f.Attr()
	require.NoError(t, err)
	assert.Equal(t, wantQID, qid)
	assert.Equal(t, want, attr)
	require.NoError(t, f.Close())
	assert.Zero(t, srv.Kernel.Sessions())
	require.NoError(t, client.Close())
	_, err = direct.Open(7, []string{"full_ex"}, syscall.O_RDWR)
	assert.ErrorIs(t, err, ErrEnded)
}

func TestDirectUsesFIDsAgain(t *testing.T) {
	_, direct, srv := connect(t)
	var callers sync.WaitGroup
	for i := range uint32(4) {
		callers.Go(func() {
			for range 500 {
				f, err := direct.Open(i, []string{"full_ex"}, syscall.O_RDWR)
				if !assert.NoError(t, err) || !assert.NoError(t, f.Close()) {
					return
				}
			}
		})
	}
	callers.Wait()
	assert.LessOrEqual(t, direct.next, uint32(firstFID+8), "four roots and four files at a time")
	assert.Zero(t, srv.Kernel.Sessions())
}

// BenchmarkDirect writes and reads by turns, by the library and without.
func BenchmarkDirect(b *testing.B) {
	client, direct, _ := connect(b)
	root, err := client.Attach(1)
	require.NoError(b, err)
	byLibrary, err := Walk(root, []string{"full_ex"})
	require.NoError(b, err)
	_, _, err = byLibrary.Open(p9.ReadWrite)
	require.NoError(b, err)
	without, err := direct.Open(2, []string{"full_ex"}, syscall.O_RDWR)
	require.NoError(b, err)
	for name, f := range map[string]interface {
		ReadAt(p []byte, offset int64) (int, error)
		WriteAt(p []byte, offset int64) (int, error)
	}{"library": byLibrary, "direct": without} {
		b.Run(name, func(b *testing.B) {
			_, _ = f.WriteAt([]byte{100}, 0) // refused the second time
			p := []byte{2, 0, 0, 0}
			for b.Loop() {
				if _, err := f.WriteAt(p, 0); err != nil {
					b.Fatal(err)
				}
				if _, err := f.ReadAt(p, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
