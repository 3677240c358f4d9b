package fusefs

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv"
	"fullex/p9srv/client"
	"fullex/tests/listing"
	"fullex/tests/need"
)

func needFUSE(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil {
		need.Skip(t, "no FUSE on this machine: %v", err)
	}
}

// mountHere mounts a new server and returns the directory.
func mountHere(t *testing.T, config Config) (dir string, srv *p9srv.Server) {
	t.Helper()
	m, srv := mountOwn(t, config)
	return m.dir, srv
}

// mountOwn mounts a new server.
func mountOwn(t *testing.T, config Config) (m *Mount, srv *p9srv.Server) {
	t.Helper()
	needFUSE(t)
	srv = &p9srv.Server{}
	conn, err := srv.Connect()
	require.NoError(t, err)
	k, err := client.Memory(conn)
	require.NoError(t, err)
	m, err = New(k, t.TempDir(), config)
	require.NoError(t, err)
	pollOnce(t, m.dir)
	t.Cleanup(func() {
		require.NoError(t, m.Unmount())
		require.NoError(t, m.Wait())
		assert.Zero(t, srv.Kernel.Sessions())
	})
	return m, srv
}

// pollOnce polls a file of a mount. The kernel asks the mount once whether its files can be
// polled, and learns that they cannot. Go polls each file that it opens, and the thread that
// does so cannot answer meanwhile. Here both are one process, so the question must come first.
func pollOnce(t *testing.T, dir string) {
	t.Helper()
	fd, err := unix.Open(filepath.Join(dir, "kmsg"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Close(fd))
}

func TestTreeIsThatOfTheServer(t *testing.T) {
	dir, _ := mountHere(t, Config{})
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	assert.Equal(t, listing.Root(), names)
	text, err := os.ReadFile(filepath.Join(dir, "kmsg"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "full_ex: procfile is created")
	info, err := os.Stat(filepath.Join(dir, "full_ex"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o666), info.Mode())
}

func TestProcessHasTheDeviceOpenOnce(t *testing.T) {
	dir, srv := mountHere(t, Config{})
	path := filepath.Join(dir, "full_ex")
	fd, err := syscall.Open(path, syscall.O_RDWR, 0)
	require.NoError(t, err)
	_, err = syscall.Open(path, syscall.O_RDWR, 0)
	assert.Equal(t, syscall.EACCES, err)
	sessions := srv.Kernel.All()
	require.Len(t, sessions, 1)
	assert.EqualValues(t, os.Getpid(), sessions[0].Client().Process)
	n, err := syscall.Write(fd, []byte{3})
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	for _, v := range []byte{1, 2, 3} {
		_, err = syscall.Write(fd, []byte{v, 0, 0, 0})
		require.NoError(t, err)
	}
	_, err = syscall.Write(fd, []byte{4, 0, 0, 0})
	assert.Equal(t, syscall.EACCES, err)
	p := make([]byte, 600_000)
	for count, want := range map[int]syscall.Errno{1: syscall.EINVAL, 3: syscall.EINVAL} {
		_, err = syscall.Read(fd, p[:count])
		assert.Equal(t, want, err)
	}
	for i, count := range []int{4, 4096, 600_000} {
		n, err = syscall.Read(fd, p[:count])
		require.NoError(t, err)
		assert.Equal(t, 4, n)
		assert.Equal(t, []byte{3, 1, 2}[i], p[0])
	}
	_, err = syscall.Read(fd, p)
	assert.Equal(t, syscall.EACCES, err)
	require.NoError(t, syscall.Close(fd))
}

// TestSendfileLosesNoValue pops values with sendfile, which returns a value or is refused.
// Which of the two happens depends on the kernel.
func TestSendfileLosesNoValue(t *testing.T) {
	dir, _ := mountHere(t, Config{})
	fd, err := syscall.Open(filepath.Join(dir, "full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	for _, p := range [][]byte{{3}, {2, 0, 0, 0}, {4, 0, 0, 0}} {
		_, err := syscall.Write(fd, p)
		require.NoError(t, err)
	}
	r, w, err := os.Pipe()
	require.NoError(t, err)
	var got []byte
	for range 2 {
		start := int64(0)
		n, err := syscall.Sendfile(int(w.Fd()), fd, &start, 4)
		p := make([]byte, 4)
		if err == nil && n == 4 {
			_, err = r.Read(p)
		} else {
			assert.Contains(t, []error{syscall.EINVAL, syscall.EIO}, err)
			_, err = syscall.Read(fd, p)
		}
		require.NoError(t, err)
		got = append(got, p[0])
	}
	assert.Equal(t, []byte{2, 4}, got)
	page, err := syscall.Mmap(fd, 0, 4, syscall.PROT_READ, syscall.MAP_SHARED)
	assert.Equal(t, syscall.ENODEV, err)
	assert.Nil(t, page)
	require.NoError(t, syscall.Close(fd))
	require.NoError(t, r.Close())
	require.NoError(t, w.Close())
}

func TestCloseAndOpenAgainIsNeverRefused(t *testing.T) {
	dir, _ := mountHere(t, Config{})
	for name, cycles := range map[string]int{"full_ex": 100_000, "pid/7/full_ex": 10_000} {
		if testing.Short() {
			cycles = 1000
		}
		path := filepath.Join(dir, name)
		for i := range cycles {
			fd, err := syscall.Open(path, syscall.O_RDWR, 0)
			require.NoError(t, err, "%s, cycle %d", name, i)
			require.NoError(t, syscall.Close(fd))
		}
	}
}

// TestChildrenDoNotKeepAMountAlive asserts that a child has no descriptor of the connection
// with the kernel.
func TestChildrenDoNotKeepAMountAlive(t *testing.T) {
	mountHere(t, Config{})
	out, err := exec.Command("ls", "-l", "/proc/self/fd").Output()
	require.NoError(t, err)
	assert.NotContains(t, string(out), "/dev/fuse")
}
