package v9fs

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestUnmountTouchesOnlyMountsOfServers(t *testing.T) {
	assert.ErrorContains(t, Unmount("/proc", false), "umount /proc: not a mount of a 9P server, but of type proc")
	dir := t.TempDir()
	assert.EqualError(t, Unmount(dir, true), "umount "+dir+": nothing is mounted there")
}

func TestMountErrorsAreExplained(t *testing.T) {
	for errno, want := range map[unix.Errno]string{
		unix.EPERM:  "only root may mount",
		unix.ENODEV: "this kernel has no file system 9p",
		unix.EINVAL: "no transport for sockets",
		unix.ENOENT: "the directory to mount at must exist",
		unix.EBUSY:  "device or resource busy",
	} {
		err := explained(errno)
		require.ErrorIs(t, err, errno)
		assert.ErrorContains(t, err, want)
	}
}

func TestEscapesOfMountinfo(t *testing.T) {
	assert.Equal(t, "/a b\tc\\d", unescaped(`/a\040b\011c\134d`))
}

// TestErrorSaysThatTheKernelHasNo9p calls mount(2) on such a kernel.
func TestErrorSaysThatTheKernelHasNo9p(t *testing.T) {
	known, err := os.ReadFile("/proc/filesystems")
	require.NoError(t, err)
	if os.Geteuid() != 0 || strings.Contains(string(known), "\t9p\n") {
		t.Skip("needs root and a kernel without 9p")
	}
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	err = mountOf(t, "unix:"+l.Addr().String(), t.TempDir()).Do(t.Context())
	require.ErrorIs(t, err, unix.ENODEV)
	assert.ErrorContains(t, err, "this kernel has no file system 9p; load module 9p (modprobe 9p)")
}

func TestMountPointsAreNamedAsByTheKernel(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "real", "m"), 0o755))
	require.NoError(t, os.Symlink("real", filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink(filepath.Join("real", "m"), filepath.Join(dir, "direct")))
	for _, path := range []string{"real/m", "real/m/", "link/m", "link/../real/m", "direct", "direct/.", "direct/../m"} {
		got, err := MountPoint(dir + "/" + path)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, "real", "m"), got, path)
	}
}
