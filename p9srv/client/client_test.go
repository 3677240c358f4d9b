package client_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/faults"
	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/p9srv/faulty"
	"fullex/p9srv/outside"
	"fullex/p9srv/strict"
)

// ways connect a client to a server, each over another transport.
var ways = map[string]func(testing.TB, *p9srv.Server) *client.Conn{
	"memory": func(t testing.TB, srv *p9srv.Server) *client.Conn {
		x, err := srv.Connect()
		require.NoError(t, err)
		k, err := client.Memory(x)
		require.NoError(t, err)
		return k
	},
	"unix":     func(t testing.TB, srv *p9srv.Server) *client.Conn { return over(t, dial(t, srv, "unix")) },
	"tcp":      func(t testing.TB, srv *p9srv.Server) *client.Conn { return over(t, dial(t, srv, "tcp")) },
	"blocking": func(t testing.TB, srv *p9srv.Server) *client.Conn { return over(t, blocking(t, dial(t, srv, "unix"))) },
}

// dial serves on a socket and connects to it.
func dial(t testing.TB, srv *p9srv.Server, network string) net.Conn {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		assert.ErrorIs(t, <-served, p9srv.ErrServerClosed)
	})
	conn, err := net.Dial(network, l.Addr().String())
	require.NoError(t, err)
	return conn
}

func blocking(t testing.TB, conn net.Conn) io.ReadWriteCloser {
	t.Helper()
	socket, err := outside.NewConn(conn)
	require.NoError(t, err)
	return socket
}

func over(t testing.TB, conn io.ReadWriteCloser) *client.Conn {
	t.Helper()
	k, err := client.New(context.Background(), conn)
	require.NoError(t, err)
	return k
}

// onEveryWay runs a test over each transport, each time with a new server. The client must
// keep the rules of 9P.
func onEveryWay(t *testing.T, test func(*testing.T, *client.Conn, *p9srv.Server)) {
	sinning(t, 0, test)
}

// sinning is onEveryWay for a test that lets the client break so many rules.
func sinning(t *testing.T, sins uint64, test func(*testing.T, *client.Conn, *p9srv.Server)) {
	for name, connect := range ways {
		t.Run(name, func(t *testing.T) {
			var watch strict.Watch
			srv := &p9srv.Server{Layer: watch.Layer}
			k := connect(t, srv)
			test(t, k, srv)
			require.NoError(t, k.Close())
			require.NoError(t, k.Close(), "again")
			assert.Equal(t, sins, watch.Sins())
		})
	}
}

func attach(t testing.TB, k *client.Conn) *client.File {
	t.Helper()
	root, err := k.AttachSelf(context.Background())
	require.NoError(t, err)
	return root
}

func TestDeviceWorksOnEveryWay(t *testing.T) {
	onEveryWay(t, func(t *testing.T, k *client.Conn, srv *p9srv.Server) {
		ctx := t.Context()
		root := attach(t, k)
		f, err := root.OpenFile(ctx, syscall.O_RDWR, "pid", "5", "full_ex")
		require.NoError(t, err)
		assert.EqualValues(t, 5, srv.Kernel.All()[0].Client().Process)
		for _, call := range []struct {
			write []byte
			want  error
		}{{[]byte{2, 0}, syscall.EACCES}, {nil, syscall.EINVAL}, {[]byte{2}, nil}, {make([]byte, 100_000), syscall.EINVAL}, {[]byte{1, 0, 0, 0}, nil}} {
			n, err := f.WriteAt(ctx, call.write, 9)
			if call.want == nil {
				require.NoError(t, err)
				assert.Equal(t, len(call.write), n)
				continue
			}
			assert.Equal(t, &client.Error{Call: "write", Path: "/pid/5/full_ex", Err: call.want}, err)
		}
		p := make([]byte, 100_000)
		n, err := f.ReadAt(ctx, p, 1<<40)
		require.NoError(t, err)
		assert.Equal(t, []byte{1, 0, 0, 0}, p[:n])
		_, err = f.ReadAt(ctx, p, 0)
		assert.ErrorIs(t, err, syscall.EACCES)
		assert.EqualError(t, err, "read /pid/5/full_ex: permission denied")
		_, err = f.ReadAt(ctx, p, -1)
		assert.ErrorIs(t, err, syscall.EINVAL)
		require.NoError(t, f.Close(ctx))
		assert.Zero(t, srv.Kernel.Sessions())
	})
}

func TestRefusalsNameCallAndPath(t *testing.T) {
	onEveryWay(t, func(t *testing.T, k *client.Conn, _ *p9srv.Server) {
		ctx := t.Context()
		root := attach(t, k)
		_, err := root.OpenFile(ctx, syscall.O_RDWR, "full_ex")
		require.NoError(t, err)
		_, err = root.OpenFile(ctx, syscall.O_RDWR, "full_ex")
		assert.EqualError(t, err, "open /full_ex: permission denied")
		for _, path := range [][]string{{"nosuch"}, {"pid", "5", "nosuch"}, {"each", "full_ex", "x"}} {
			_, err = root.Walk(ctx, path...)
			assert.ErrorIs(t, err, syscall.ENOENT, "%q", path)
		}
		each, err := root.Walk(ctx, "each")
		require.NoError(t, err)
		_, err = each.OpenFile(ctx, 0, "nosuch")
		assert.EqualError(t, err, "open /each/nosuch: no such file or directory")
		_, err = root.Walk(ctx, string(make([]byte, 70_000)))
		assert.ErrorIs(t, err, syscall.ENAMETOOLONG)
		_, err = root.Walk(ctx, string(make([]byte, 65_535)))
		assert.ErrorIs(t, err, syscall.EMSGSIZE)
		_, err = k.Attach(ctx, 1, "nosuch")
		assert.ErrorIs(t, err, syscall.ENOENT)
		require.NoError(t, each.Close(ctx))
		assert.ErrorIs(t, each.Close(ctx), syscall.EBADF)
		_, err = each.Walk(ctx)
		assert.ErrorIs(t, err, syscall.EBADF, "another file may have the fid's number")
	})
}

func TestDirectoriesAndAttributes(t *testing.T) {
	sinning(t, 2, func(t *testing.T, k *client.Conn, _ *p9srv.Server) {
		ctx := t.Context()
		root := attach(t, k)
		qid, attr, err := root.Attr(ctx)
		require.NoError(t, err)
		assert.Equal(t, p9.TypeDir, qid.Type)
		assert.True(t, attr.Mode.IsDir())
		_, err = root.ReadDir(ctx)
		assert.ErrorIs(t, err, syscall.EBADF, "the directory is not open")
		dir, err := root.OpenFile(ctx, 0)
		require.NoError(t, err)
		entries, err := dir.ReadDir(ctx)
		require.NoError(t, err)
		for _, e := range entries {
			f, err := root.Walk(ctx, e.Name)
			if e.Name == "." || e.Name == ".." {
				continue
			}
			require.NoError(t, err, e.Name)
			qid, _, err := f.Attr(ctx)
			require.NoError(t, err)
			assert.Equal(t, e.QID, qid, e.Name)
		}
	})
}

func TestRareCalls(t *testing.T) {
	sinning(t, 1, func(t *testing.T, k *client.Conn, _ *p9srv.Server) {
		ctx := t.Context()
		root := attach(t, k)
		stat, err := root.StatFS(ctx)
		require.NoError(t, err)
		assert.EqualValues(t, 255, stat.NameLength)
		f, err := root.Walk(ctx, "full_ex")
		require.NoError(t, err)
		assert.EqualError(t, f.Sync(ctx), "sync /full_ex: bad file descriptor", "the file is not open")
		require.NoError(t, f.SetAttr(ctx, p9.SetAttrMask{Size: true}, p9.SetAttr{}))
		err = f.SetAttr(ctx, p9.SetAttrMask{Permissions: true}, p9.SetAttr{Permissions: 0o600})
		assert.EqualError(t, err, "set attributes of /full_ex: operation not permitted")
		require.NoError(t, f.Open(ctx, syscall.O_RDWR))
		require.NoError(t, f.Sync(ctx))
	})
}

// TestFIDsAreUsedAgain uses a server that allows few fids.
func TestFIDsAreUsedAgain(t *testing.T) {
	for name, connect := range ways {
		var watch strict.Watch
		srv := &p9srv.Server{Limits: p9srv.Limits{FIDs: 5}, Layer: watch.Layer}
		k := connect(t, srv)
		root := attach(t, k)
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				for range 200 {
					f, err := root.OpenFile(t.Context(), syscall.O_RDWR, "each", "full_ex")
					if !assert.NoError(t, err, name) || !assert.NoError(t, f.Close(t.Context())) {
						return
					}
					_, err = root.Walk(t.Context(), "nosuch")
					assert.ErrorIs(t, err, syscall.ENOENT)
				}
			})
		}
		callers.Wait()
		require.NoError(t, k.Close())
		assert.Zero(t, watch.Sins(), name)
	}
}

func TestManyCallersGetTheirOwnValues(t *testing.T) {
	onEveryWay(t, func(t *testing.T, k *client.Conn, srv *p9srv.Server) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		root := attach(t, k)
		var callers sync.WaitGroup
		for i := range 32 {
			callers.Go(func() {
				for range 50 {
					f, err := root.OpenFile(ctx, syscall.O_RDWR, "each", "full_ex")
					if !assert.NoError(t, err) {
						return
					}
					value, p := []byte{byte(i), 0, 0, 7}, make([]byte, 4)
					for _, w := range [][]byte{{1}, value} {
						_, err = f.WriteAt(ctx, w, 0)
						assert.NoError(t, err)
					}
					_, err = f.ReadAt(ctx, p, 0)
					assert.NoError(t, err)
					assert.Equal(t, value, p)
					assert.NoError(t, f.Close(ctx))
				}
			})
		}
		callers.Wait()
		assert.Zero(t, srv.Kernel.Sessions())
	})
}

func TestBatchReturnsEachResult(t *testing.T) {
	onEveryWay(t, func(t *testing.T, k *client.Conn, _ *p9srv.Server) {
		ctx := t.Context()
		f, err := attach(t, k).OpenFile(ctx, syscall.O_RDWR, "full_ex")
		require.NoError(t, err)
		ops := []client.Op{
			{File: f, Write: true, P: []byte{2}}, {File: f, Write: true, P: []byte{1, 0, 0, 0}}, {File: f, P: make([]byte, 4)},
			{File: f, P: make([]byte, 4)}, {File: f, Offset: -1}, {File: f, Write: true, P: []byte{3, 0, 0, 0}},
		}
		k.Batch(ctx, ops)
		for i, want := range []error{nil, nil, nil, syscall.EACCES, syscall.EINVAL, nil} {
			if want == nil {
				assert.NoError(t, ops[i].Err, i)
			} else {
				assert.ErrorIs(t, ops[i].Err, want, i)
			}
		}
		assert.Equal(t, []int{1, 4, 4, 0, 0, 4}, []int{ops[0].N, ops[1].N, ops[2].N, ops[3].N, ops[4].N, ops[5].N})
		assert.Equal(t, []byte{1, 0, 0, 0}, ops[2].P)
		assert.Less(t, ops[0].Turn, ops[1].Turn)
		assert.Zero(t, ops[4].Turn)
		require.NoError(t, f.Close(ctx))
		k.Batch(ctx, ops)
		assert.ErrorIs(t, ops[0].Err, syscall.EBADF)
	})
}

// TestBatchLargerThanAllBuffers makes the server stop reading until its replies are read.
func TestBatchLargerThanAllBuffers(t *testing.T) {
	onEveryWay(t, func(t *testing.T, k *client.Conn, _ *p9srv.Server) {
		f, err := attach(t, k).OpenFile(t.Context(), 0, "kmsg")
		require.NoError(t, err)
		ops := make([]client.Op, 30_000)
		for i := range ops {
			ops[i] = client.Op{File: f, P: make([]byte, 64)}
		}
		k.Batch(t.Context(), ops)
		for i := range ops {
			require.NoError(t, ops[i].Err)
			require.Equal(t, ops[0].P, ops[i].P)
		}
	})
}

func TestRepliesInAnyOrder(t *testing.T) {
	reorder, err := faulty.Layer(faults.Planted{Fault: faults.Fault{Name: "reorder"}})
	require.NoError(t, err)
	srv := &p9srv.Server{Layer: reorder}
	k := ways["unix"](t, srv)
	f, err := attach(t, k).OpenFile(t.Context(), syscall.O_RDWR, "full_ex")
	require.NoError(t, err)
	ops := []client.Op{{File: f, Write: true, P: []byte{1}}, {File: f, P: make([]byte, 4)}}
	k.Batch(t.Context(), ops)
	require.NoError(t, ops[0].Err)
	assert.ErrorIs(t, ops[1].Err, syscall.EACCES)
	assert.Greater(t, ops[0].Turn, ops[1].Turn)
	require.NoError(t, k.Close())
}

// TestEveryCallEndsWhenTheConnectionDoes ends the connection at the server or at the client
// while many calls are under way.
func TestEveryCallEndsWhenTheConnectionDoes(t *testing.T) {
	for name, connect := range ways {
		for _, byServer := range []bool{true, false} {
			srv := &p9srv.Server{}
			k := connect(t, srv)
			root := attach(t, k)
			var callers sync.WaitGroup
			started := make(chan struct{}, 16)
			for range cap(started) {
				callers.Go(func() {
					for i := 0; ; i++ {
						f, err := root.Walk(context.Background(), "full_ex")
						if err == nil {
							err = f.Close(context.Background())
						}
						if err != nil {
							assert.ErrorIs(t, err, client.ErrEnded, name)
							var errno syscall.Errno
							assert.NotErrorAs(t, err, &errno, "no reply has an errno")
							return
						}
						if i == 0 {
							started <- struct{}{}
						}
					}
				})
			}
			for range cap(started) {
				<-started
			}
			if byServer {
				require.NoError(t, srv.Close())
			} else {
				require.NoError(t, k.Close())
			}
			callers.Wait()
			require.NoError(t, k.Close())
			require.NoError(t, srv.Close())
		}
	}
}

// BenchmarkClient pushes and pops values alternately, one call at a time.
func BenchmarkClient(b *testing.B) {
	for name, connect := range ways {
		b.Run(name, func(b *testing.B) {
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			k := connect(b, &p9srv.Server{})
			f, err := attach(b, k).OpenFile(ctx, syscall.O_RDWR, "full_ex")
			require.NoError(b, err)
			_, err = f.WriteAt(ctx, []byte{100}, 0)
			require.NoError(b, err)
			p := []byte{2, 0, 0, 0}
			for i := 0; b.Loop(); i++ {
				if i%2 == 0 {
					_, err = f.WriteAt(ctx, p, 0)
				} else {
					_, err = f.ReadAt(ctx, p, 0)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			require.NoError(b, k.Close())
		})
	}
}
