package tests

import (
	"io"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client/load"
)

// openMounted returns a function that opens a file of a mount.
func openMounted(m *fuseMount, name string) func() (io.ReadWriteCloser, error) {
	return func() (io.ReadWriteCloser, error) {
		fd, err := syscall.Open(m.path(name), syscall.O_RDWR|syscall.O_CLOEXEC, 0)
		return fileDescriptor(fd), err
	}
}

// inode returns the number of a file of a mount.
func (m *fuseMount) inode(name string) uint64 {
	m.t.Helper()
	var stat syscall.Stat_t
	require.NoError(m.t, syscall.Stat(m.path(name), &stat))
	return stat.Ino
}

// TestUpgradesBelowFUSEMounts: programs keep the device of a mount open while the server
// that is mounted is upgraded.
func TestUpgradesBelowFUSEMounts(t *testing.T) {
	s := serveUpgradable(t, "--listen", "tcp:127.0.0.1:0")
	var mounts []*fuseMount
	var idle []fileDescriptor
	b := &busy{t: t}
	for _, at := range []string{"unix:" + s.socket(), s.at[1]} {
		m := mountFUSE(t, at)
		mounts = append(mounts, m)
		fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR|syscall.O_CLOEXEC, 0)
		require.NoError(t, err)
		idle = append(idle, fileDescriptor(fd))
		write, err := syscall.Write(fd, []byte{100})
		require.NoError(t, err)
		require.Equal(t, 1, write)
		for range 2 {
			caller, err := load.NewCaller(openMounted(m, "each/full_ex"), load.Config{Fill: load.Half, Mix: load.Mix{4, 4, 1}})
			require.NoError(t, err)
			b.load(caller)
		}
	}
	inodes := map[string]uint64{}
	for _, name := range []string{"", "full_ex", "each/full_ex", "kmsg", "pid/7/full_ex"} {
		inodes[name] = mounts[0].inode(name)
	}
	for i := range upgrades(5, 100) {
		s.upgrade()
		for n, fd := range idle {
			written, err := fd.Write(value(int32(2 * i)))
			require.NoError(t, err)
			require.Equal(t, 4, written)
			_, err = syscall.Open(mounts[n].path("full_ex"), syscall.O_RDWR|syscall.O_CLOEXEC, 0)
			assert.Equal(t, syscall.EACCES, err)
		}
		for name, inode := range inodes {
			assert.Equal(t, inode, mounts[0].inode(name), name)
		}
	}
	b.end()
	for _, fd := range idle {
		for i := range int32(upgrades(5, 100)) {
			p := make([]byte, 4)
			_, err := fd.Read(p)
			require.NoError(t, err)
			assert.Equal(t, value(2*i), p)
		}
		require.NoError(t, fd.Close())
	}
	for _, m := range mounts {
		m.end()
		assert.Empty(t, m.log.String())
	}
	assert.Greater(t, b.ops.Load(), int64(100))
	t.Logf("%d operations", b.ops.Load())
}

// TestMountSaysThatItCannotBeUpgraded: in a line, and goes on.
func TestMountSaysThatItCannotBeUpgraded(t *testing.T) {
	remote := "unix:" + serveUpgradable(t).socket()
	for name, target := range map[string][]string{"own server": nil, "remote": {remote}} {
		t.Run(name, func(t *testing.T) {
			m := mountFUSE(t, target...)
			fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR|syscall.O_CLOEXEC, 0)
			require.NoError(t, err)
			require.NoError(t, m.cmd.Process.Signal(syscall.SIGUSR2))
			_, err = syscall.Write(fd, []byte{3})
			require.NoError(t, err)
			require.NoError(t, syscall.Close(fd))
			m.end()
			assert.Regexp(t, `^time=\S+ level=ERROR msg="not upgraded: .*\n$`, m.log.String())
		})
	}
}
