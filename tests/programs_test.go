//go:build linux

package tests

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/tests/need"
	"fullex/tests/programs"
)

// builtPrograms builds the C programs at the first call and returns their directory. TestMain
// removes it.
var builtPrograms = sync.OnceValues(func() (string, error) {
	var err error
	if programsDir, err = os.MkdirTemp("", "fullex-programs"); err != nil {
		return "", err
	}
	if err := os.Chmod(programsDir, 0o755); err != nil { // other users run them too
		return "", err
	}
	return programsDir, programs.Build(context.Background(), "testdata/programs", programsDir)
})

// programsDir is the directory with the programs of builtPrograms, or "".
var programsDir string

func needPrograms(t *testing.T) (dir string) {
	t.Helper()
	dir, err := builtPrograms()
	if errors.Is(err, programs.ErrNoCompiler) {
		need.Skip(t, "C programs: %v", err)
	}
	require.NoError(t, err)
	return dir
}

// runPrograms runs every C program at full_ex of a mount, as a user. It expects each to
// succeed.
func runPrograms(t *testing.T, m *fuseMount, as *syscall.SysProcAttr) {
	t.Helper()
	dir := needPrograms(t)
	for _, p := range programs.All {
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, p.Name))
		cmd.SysProcAttr = as
		assert.NoError(t, programs.Run(cmd, m.path("full_ex")))
	}
}

func notInShortRuns(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("not in short runs: another test runs the programs on a mount")
	}
}

func TestProgramsForTheModuleRunOnAFUSEMount(t *testing.T) {
	needPrograms(t)
	m := mountFUSE(t)
	runPrograms(t, m, nil)
	eventually(t, "all sessions have ended", func() bool { return m.sessions() == 0 })
}

func TestProgramsOfSeveralUsersRunOnOneFUSEMount(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	notInShortRuns(t)
	needPrograms(t)
	m := mountFUSE(t, "--allow-other")
	require.NoError(t, os.Chmod(filepath.Dir(m.dir), 0o755))
	var users sync.WaitGroup
	for _, uid := range []uint32{alice, bob} {
		users.Go(func() { runPrograms(t, m, user(uid)) })
	}
	users.Wait()
	eventually(t, "all sessions have ended", func() bool { return m.sessions() == 0 })
}

// user returns attributes for a process of a user. Its only group has the same number.
func user(uid uint32) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
}

// nobody is an ordinary user. fusermount3 wants a user with a name, and every machine has a
// name for this one.
const nobody = 65534

// letUsersMount moves the rest of this test, and the processes that it starts, into a mount
// namespace of their own. There every user may open /dev/fuse, which is the usual rule of
// udev, and fuse.conf has the content config. It returns a directory that belongs to the user
// nobody.
func letUsersMount(t *testing.T, config string) (dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	if _, err := exec.LookPath("fusermount3"); err != nil {
		need.Skip(t, "no fusermount3 on this machine (Debian package fuse3)")
	}
	runtime.LockOSThread() // and never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		need.Skip(t, "this user may not make a mount namespace: %v", err)
	}
	require.NoError(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	own := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(own), 0o755))
	require.NoError(t, unix.Mount("own", own, "tmpfs", unix.MS_NOSUID, "mode=755")) // devices work there, even if not in /tmp
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(own, unix.MNT_DETACH)) })
	device, conf := filepath.Join(own, "fuse"), filepath.Join(own, "fuse.conf")
	require.NoError(t, unix.Mknod(device, unix.S_IFCHR, int(unix.Mkdev(10, 229)))) // Documentation/admin-guide/devices.txt
	require.NoError(t, os.Chmod(device, 0o666))
	require.NoError(t, os.WriteFile(conf, []byte(config), 0o644))
	require.NoError(t, unix.Mount(device, "/dev/fuse", "", unix.MS_BIND, ""))
	require.NoError(t, unix.Mount(conf, "/etc/fuse.conf", "", unix.MS_BIND, ""))
	dir = filepath.Join(own, "mount")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.Chown(dir, nobody, nobody))
	return dir
}

func TestProgramsRunOnAMountOfAnOrdinaryUser(t *testing.T) {
	needPrograms(t)
	m := mountFUSEAt(t, letUsersMount(t, ""), user(nobody))
	runPrograms(t, m, m.as)
	_, err := os.Stat(m.path("full_ex"))
	assert.ErrorIs(t, err, syscall.EACCES, "the mount does not let root in")
	testUmountInUse(t, m)
}

func TestProgramsOfSeveralUsersRunOnAMountOfAnOrdinaryUser(t *testing.T) {
	notInShortRuns(t)
	needPrograms(t)
	m := mountFUSEAt(t, letUsersMount(t, "user_allow_other\n"), user(nobody), "--allow-other")
	for _, uid := range []uint32{alice, 0} {
		runPrograms(t, m, user(uid))
	}
	m.end()
}

// TestProgramsSayWhyTheyFail runs every program at an ordinary file. Each must print one line
// and end with status 1.
func TestProgramsSayWhyTheyFail(t *testing.T) {
	dir := needPrograms(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, p := range programs.All {
		err := programs.Run(exec.Command(filepath.Join(dir, p.Name)), file)
		assert.ErrorContains(t, err, "exit status 1: ", p.Name)
		assert.ErrorContains(t, err, p.Name+": ", p.Name)
	}
}
