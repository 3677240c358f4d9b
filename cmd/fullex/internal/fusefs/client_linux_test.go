package fusefs

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/p9srv/wire"
	"fullex/tests/need"
	"fullex/tests/serving"
)

// another is the uid of another user than the test's.
const another = 4711

// openAsUser opens a file on a thread that acts for a user, as file servers act for
// their users (setfsuid(2)).
func openAsUser(uid uint32, path string) (fd int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, uintptr(uid), 0, 0)
		fd, err = syscall.Open(path, syscall.O_RDWR, 0)
	}()
	<-done
	return fd, err
}

func TestProcessStaysOneClientWhenItChangesItsUser(t *testing.T) {
	need.Root(t)
	for name, c := range map[string]struct {
		first, second string
		users         [2]uint32
		between       func(srv *p9srv.Server) error
		want          error
	}{
		"from root to the user":    {"full_ex", "full_ex", [2]uint32{0, another}, nil, syscall.EACCES},
		"from the user to root":    {"full_ex", "full_ex", [2]uint32{another, 0}, nil, syscall.EACCES},
		"first by its own number":  {"pid/self/full_ex", "full_ex", [2]uint32{0, another}, nil, syscall.EACCES},
		"second by its own number": {"full_ex", "pid/self/full_ex", [2]uint32{another, 0}, nil, syscall.EACCES},
		"first by another number":  {"pid/7/full_ex", "full_ex", [2]uint32{0, another}, nil, nil},
		"second of another file":   {"full_ex", "minimal_proc_lkm", [2]uint32{0, another}, nil, nil},
		"second below each":        {"full_ex", "each/full_ex", [2]uint32{0, another}, nil, nil},
		"module loaded again":      {"full_ex", "full_ex", [2]uint32{0, another}, reload, nil},
		"loaded again, same user":  {"full_ex", "full_ex", [2]uint32{another, another}, reload, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir, srv := mountHere(t, Config{AllowOther: true})
			require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
			path := func(name string) string {
				return filepath.Join(dir, strings.Replace(name, "self", strconv.Itoa(os.Getpid()), 1))
			}
			first, err := openAsUser(c.users[0], path(c.first))
			require.NoError(t, err)
			if c.between != nil {
				require.NoError(t, c.between(srv))
			}
			second, err := openAsUser(c.users[1], path(c.second))
			if c.want == nil {
				require.NoError(t, err)
				require.NoError(t, syscall.Close(second))
			} else {
				assert.Equal(t, c.want, err)
				_, err = syscall.Write(first, []byte{3})
				assert.NoError(t, err, "the first open file still works")
			}
			require.NoError(t, syscall.Close(first))
			second, err = openAsUser(c.users[1], path(c.second))
			require.NoError(t, err, "the first was closed")
			require.NoError(t, syscall.Close(second))
		})
	}
}

// TestThreadsOfManyUsersTakeTurns asserts that one process never has the device open twice.
func TestThreadsOfManyUsersTakeTurns(t *testing.T) {
	need.Root(t)
	dir, _ := mountHere(t, Config{AllowOther: true})
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	var open, turns atomic.Int32
	var threads sync.WaitGroup
	for uid := range uint32(4) {
		threads.Go(func() {
			for turns.Load() < 50 {
				fd, err := openAsUser(another+uid, filepath.Join(dir, "full_ex"))
				if err != nil {
					assert.Equal(t, syscall.EACCES, err)
					continue
				}
				assert.EqualValues(t, 1, open.Add(1))
				turns.Add(1)
				open.Add(-1)
				assert.NoError(t, syscall.Close(fd))
			}
		})
	}
	threads.Wait()
}

// reload unloads the module, which ends its sessions, and loads it again.
func reload(srv *p9srv.Server) error {
	if err := srv.Kernel.Unload("full_ex"); err != nil {
		return err
	}
	return srv.Kernel.Load("full_ex")
}

// TestMountKeepsTheAttachesOfFewUsers asserts that attaches do not use up the server's fids.
func TestMountKeepsTheAttachesOfFewUsers(t *testing.T) {
	need.Root(t)
	m, _ := mountOwn(t, Config{AllowOther: true})
	require.NoError(t, os.Chmod(filepath.Dir(m.dir), 0o755))
	for uid := range uint32(2 * maxRoots) {
		fd, err := openAsUser(another+uid, filepath.Join(m.dir, "full_ex"))
		require.NoError(t, err)
		require.NoError(t, syscall.Close(fd))
	}
	conn := m.conn.Load()
	conn.mu.Lock()
	defer conn.mu.Unlock()
	assert.LessOrEqual(t, len(conn.roots), maxRoots)
	assert.Greater(t, len(conn.roots), maxRoots/2)
}

// nodeOf returns the node ID of a path.
func (m *Mount) nodeOf(t *testing.T, path ...string) uint64 {
	t.Helper()
	id := uint64(fuse.FUSE_ROOT_ID)
	for _, name := range path {
		var out fuse.EntryOut
		in := headOf(uint32(os.Getuid()), uint32(os.Getpid()), id)
		require.Equal(t, fuse.OK, m.files().Lookup(nil, &in, name, &out))
		id = out.NodeId
	}
	return id
}

// files returns the mount's methods, for requests that do not come from the kernel.
func (m *Mount) files() filesystem { return filesystem{fuse.NewDefaultRawFileSystem(), m} }

// headOf returns the head of a request that a thread of a user makes about a node.
func headOf(uid, thread uint32, node uint64) fuse.InHeader {
	return fuse.InHeader{NodeId: node, Caller: fuse.Caller{Owner: fuse.Owner{Uid: uid}, Pid: thread}}
}

// TestProcessCanOpenWhileAUserNamesItsNumber plays the parent of this process.
func TestProcessCanOpenWhileAUserNamesItsNumber(t *testing.T) {
	m, _ := mountOwn(t, Config{})
	number := strconv.Itoa(os.Getppid())
	in := fuse.OpenIn{InHeader: headOf(uint32(os.Getuid()), uint32(os.Getppid()), m.nodeOf(t, "full_ex")), Flags: syscall.O_RDWR}
	var out fuse.OpenOut
	require.Equal(t, fuse.OK, m.files().Open(nil, &in, &out))
	m.files().Release(nil, &fuse.ReleaseIn{Fh: out.Fh})
	fd, err := syscall.Open(filepath.Join(m.dir, "pid", number, "full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	require.Equal(t, fuse.OK, m.files().Open(nil, &in, &out), "a former client can open, too")
	assert.Equal(t, fuse.EACCES, m.files().Open(nil, &in, new(fuse.OpenOut)), "this process has the device open")
	m.files().Release(nil, &fuse.ReleaseIn{Fh: out.Fh})
	require.NoError(t, syscall.Close(fd))
}

func TestRequestsThatNameNoUserAreRefused(t *testing.T) {
	m, srv := mountOwn(t, Config{})
	for _, file := range []string{"full_ex", "kmsg"} {
		head := headOf(math.MaxUint32, uint32(os.Getpid()), m.nodeOf(t, file))
		f := m.files()
		assert.Equal(t, fuse.EACCES, f.Open(nil, &fuse.OpenIn{InHeader: head, Flags: syscall.O_RDWR}, new(fuse.OpenOut)), file)
		assert.Equal(t, fuse.EACCES, f.GetAttr(nil, &fuse.GetAttrIn{InHeader: head}, new(fuse.AttrOut)), file)
		assert.Equal(t, fuse.EACCES, f.SetAttr(nil, &fuse.SetAttrIn{SetAttrInCommon: fuse.SetAttrInCommon{InHeader: head}}, new(fuse.AttrOut)), file)
		assert.Equal(t, fuse.EACCES, f.StatFs(nil, &head, new(fuse.StatfsOut)), file)
		assert.Equal(t, fuse.EACCES, f.Lookup(nil, &head, "x", new(fuse.EntryOut)), file)
	}
	assert.Zero(t, srv.Kernel.Sessions())
}

// TestKernelsOwnOpensAreNotClients asks for the flags of files. For that the kernel opens
// them itself.
func TestKernelsOwnOpensAreNotClients(t *testing.T) {
	dir, _ := mountHere(t, Config{})
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(text)
	}
	for name, mode := range map[string]int{"full_ex": syscall.O_RDWR, "ctl": syscall.O_WRONLY, "kmsg": syscall.O_RDONLY, "each/full_ex": syscall.O_RDWR, "pid/7/full_ex": syscall.O_RDWR} {
		fd, err := syscall.Open(filepath.Join(dir, name), mode, 0)
		require.NoError(t, err, name)
		before := read("kmsg")
		for _, request := range []uint{unix.FS_IOC_GETFLAGS, unix.TCGETS} {
			_, err = unix.IoctlGetInt(fd, request)
			assert.Equal(t, syscall.ENOTTY, err, name)
		}
		assert.Equal(t, before, read("kmsg"), "%s: no session came or went", name)
		require.NoError(t, syscall.Close(fd))
	}
}

// TestOpenWithoutFlagsOpensWhenItIsRead opens without flags, as a 32-bit program can.
func TestOpenWithoutFlagsOpensWhenItIsRead(t *testing.T) {
	m, srv := mountOwn(t, Config{})
	f := m.files()
	for file, want := range map[string]fuse.Status{"full_ex": fuse.EACCES, "kmsg": fuse.OK} {
		head := headOf(uint32(os.Getuid()), uint32(os.Getpid()), m.nodeOf(t, file))
		var out fuse.OpenOut
		require.Equal(t, fuse.OK, f.Open(nil, &fuse.OpenIn{InHeader: head}, &out))
		assert.Equal(t, fuse.OK, f.Fsync(nil, &fuse.FsyncIn{InHeader: head, Fh: out.Fh}))
		_, status := f.Writev(nil, &fuse.WriteIn{InHeader: head, Fh: out.Fh}, [][]byte{{3}})
		assert.Equal(t, fuse.EBADF, status)
		assert.Zero(t, srv.Kernel.Sessions())
		for range 2 {
			_, status := f.Read(nil, &fuse.ReadIn{InHeader: head, Fh: out.Fh, ReadFlags: fuse.READ_LOCKOWNER}, make([]byte, 4))
			assert.Equal(t, want, status, file)
		}
		assert.Equal(t, fuse.OK, f.Flush(nil, &fuse.FlushIn{InHeader: head, Fh: out.Fh}))
		f.Release(nil, &fuse.ReleaseIn{InHeader: head, Fh: out.Fh})
		assert.Zero(t, srv.Kernel.Sessions())
	}
}

// TestRequestsOnUnknownHandlesAreRefused makes requests that the kernel never makes. The
// mount must survive them.
func TestRequestsOnUnknownHandlesAreRefused(t *testing.T) {
	m, _ := mountOwn(t, Config{})
	f, head := m.files(), headOf(0, 1, m.nodeOf(t, "full_ex"))
	const none = 1 << 40
	_, status := f.Read(nil, &fuse.ReadIn{InHeader: head, Fh: none}, nil)
	assert.Equal(t, fuse.EBADF, status)
	_, status = f.Writev(nil, &fuse.WriteIn{InHeader: head, Fh: none}, [][]byte{{1}})
	assert.Equal(t, fuse.EBADF, status)
	assert.Equal(t, fuse.EBADF, f.Fsync(nil, &fuse.FsyncIn{InHeader: head, Fh: none}))
	assert.Equal(t, fuse.EBADF, f.ReadDir(nil, &fuse.ReadIn{InHeader: head, Fh: none}, nil))
	f.Flush(nil, &fuse.FlushIn{InHeader: head, Fh: none})
	f.Release(nil, &fuse.ReleaseIn{InHeader: head, Fh: none})
	head.NodeId = 77 << 56
	assert.Equal(t, fuse.Status(syscall.ESTALE), f.GetAttr(nil, &fuse.GetAttrIn{InHeader: head}, new(fuse.AttrOut)))
}

// TestCallsOnAFileWhoseNameIsGone unloads the file's module.
func TestCallsOnAFileWhoseNameIsGone(t *testing.T) {
	dir, srv := mountHere(t, Config{})
	fd, err := syscall.Open(filepath.Join(dir, "full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	var before, after syscall.Stat_t
	require.NoError(t, syscall.Fstat(fd, &before))
	require.NoError(t, srv.Kernel.Unload("full_ex"))
	for call, err := range map[string]error{
		"fstat":   syscall.Fstat(fd, &after),
		"fstatfs": syscall.Fstatfs(fd, new(syscall.Statfs_t)),
	} {
		assert.NoError(t, err, call)
	}
	assert.Equal(t, before, after)
	for call, err := range map[string]error{
		"ftruncate": syscall.Ftruncate(fd, 0),
		"futimes":   syscall.Futimes(fd, make([]syscall.Timeval, 2)),
	} {
		assert.Equal(t, syscall.EIO, err, call)
	}
	require.NoError(t, syscall.Close(fd))
}

// slowClunks is a connection on which a reply to Tclunk waits for release while delays is
// set.
type slowClunks struct {
	net.Conn
	arrived *bufio.Reader
	rest    []byte // of a message
	delays  atomic.Bool
	waits   chan struct{} // a reply waits
	release chan struct{} // it may go on
}

// Read implements io.Reader.
func (c *slowClunks) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		head, err := c.arrived.Peek(wire.HeadSize)
		if err != nil {
			return 0, err
		}
		if wire.Frame(head).Type() == wire.Tclunk+1 && c.delays.Load() {
			c.waits <- struct{}{}
			<-c.release
		}
		c.rest = make([]byte, binary.LittleEndian.Uint32(head))
		if _, err := io.ReadFull(c.arrived, c.rest); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func TestOpenAfterCloseWaitsForASlowServer(t *testing.T) {
	needFUSE(t)
	dialled, err := net.Dial("unix", strings.TrimPrefix(serving.Socket(t, &p9srv.Server{}), "unix:"))
	require.NoError(t, err)
	conn := &slowClunks{Conn: dialled, arrived: bufio.NewReader(dialled), waits: make(chan struct{}), release: make(chan struct{})}
	k, err := client.New(t.Context(), conn)
	require.NoError(t, err)
	dir := t.TempDir()
	m, err := New(k, dir, Config{})
	require.NoError(t, err)
	// An open through this descriptor looks up no name.
	name, err := unix.Open(filepath.Join(dir, "full_ex"), unix.O_PATH, 0)
	require.NoError(t, err)
	path := "/proc/self/fd/" + strconv.Itoa(name)
	fd, err := syscall.Open(path, syscall.O_RDWR, 0)
	require.NoError(t, err)
	conn.delays.Store(true)
	require.NoError(t, syscall.Close(fd))
	begun := make(chan *opening, 1)
	go func() {
		fd, err = syscall.Open(path, syscall.O_RDWR, 0)
		begun <- nil
	}()
	<-conn.waits
	assertWaits(t, begun)
	conn.delays.Store(false)
	close(conn.release)
	<-begun
	require.NoError(t, err)
	require.NoError(t, syscall.Close(fd))
	require.NoError(t, unix.Close(name))
	require.NoError(t, m.Unmount())
	require.NoError(t, m.Wait())
}
