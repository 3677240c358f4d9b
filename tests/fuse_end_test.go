//go:build linux

package tests

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
)

func TestKilledMountFreesItsSessionsAndTheNextMountCleansUp(t *testing.T) {
	srv := &p9srv.Server{}
	target := "unix:" + serve(t, srv).String()
	m := mountFUSE(t, target)
	t.Cleanup(func() { _ = m.run("umount", "--lazy", m.dir).Run() }) // fails if the test has unmounted it
	fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	holder := m.shell(`exec 3<>full_ex; cd /; echo holding; exec cat`)
	in, _ := startHolder(t, holder)
	require.Equal(t, 2, srv.Kernel.Sessions())

	require.NoError(t, m.cmd.Process.Kill())
	require.Error(t, m.cmd.Wait())
	eventually(t, "the sessions have ended", func() bool { return srv.Kernel.Sessions() == 0 })
	_, err = syscall.Write(fd, []byte{3})
	assert.Equal(t, syscall.ENOTCONN, err)
	assert.Equal(t, syscall.ENOTCONN, syscall.Close(fd))
	require.NoError(t, in.Close())
	require.NoError(t, holder.Wait())
	_, err = os.Stat(m.dir)
	require.ErrorIs(t, err, syscall.ENOTCONN, "the dead mount is still there")

	for _, flags := range [][]string{{target}, nil} {
		again := mountFUSEAt(t, m.dir, nil, flags...)
		fd, err = syscall.Open(again.path("full_ex"), syscall.O_RDWR, 0)
		require.NoError(t, err)
		require.NoError(t, syscall.Close(fd))
		require.NoError(t, again.cmd.Process.Kill())
		require.Error(t, again.cmd.Wait())
		assert.Equal(t, 1, strings.Count(again.log.String(), "\n"), again.log.String())
		assert.Contains(t, again.log.String(), `cleaned up a mount whose program is gone" dir=`+m.dir)
	}
	last := mountFUSEAt(t, m.dir, nil)
	last.end()
	entries, err := os.ReadDir(m.dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "nothing is mounted there now")
}

func TestUmountRefusesAMountInUseUnlessLazy(t *testing.T) {
	m := mountFUSE(t)
	testUmountInUse(t, m)
}

// testUmountInUse unmounts m while a shell has a file of it open. umount refuses that, and
// umount --lazy does it. The open file works until the shell closes it.
func testUmountInUse(t *testing.T, m *fuseMount) {
	t.Helper()
	holder := m.shell(`exec 3<>full_ex; cd /; printf '\003' >&3; echo holding; read go && printf '\002\0\0\0' >&3 && dd bs=4 count=1 <&3 2>/dev/null | od -An -td4`)
	in, out := startHolder(t, holder)

	refusal, err := m.run("umount", m.dir).CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, 1, strings.Count(string(refusal), "\n"), string(refusal))
	assert.Contains(t, string(refusal), "umount "+m.dir)
	assert.Contains(t, string(refusal), "--lazy does not wait")
	lazily, err := m.run("umount", "--lazy", m.dir).CombinedOutput()
	assert.NoError(t, err)
	assert.Empty(t, string(lazily))
	_, err = os.Stat(filepath.Join(m.dir, "full_ex"))
	assert.ErrorIs(t, err, os.ErrNotExist)

	_, err = in.Write([]byte("go\n"))
	require.NoError(t, err)
	said := make([]byte, 100)
	n, err := out.Read(said)
	require.NoError(t, err)
	assert.Equal(t, "2", strings.TrimSpace(string(said[:n])), "the open file still works")
	require.NoError(t, holder.Wait())
	assert.NoError(t, m.cmd.Wait(), "the mount ends with its last open file: %s", m.log.String())
}

// startHolder starts a shell and waits until its script prints "holding". By then the script
// has usually opened the device and left the mount's directory.
func startHolder(t *testing.T, holder *exec.Cmd) (in io.WriteCloser, out io.Reader) {
	t.Helper()
	in, err := holder.StdinPipe()
	require.NoError(t, err)
	out, err = holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	said := make([]byte, len("holding\n"))
	_, err = io.ReadFull(out, said)
	require.NoError(t, err)
	require.Equal(t, "holding\n", string(said))
	return in, out
}
