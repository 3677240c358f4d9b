//go:build linux

package tests

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// refusal is a set of conditions under which a mount fails.
type refusal struct {
	config string                         // the content of fuse.conf
	spoil  func(t *testing.T, dir string) // makes mounts fail, in the test's own mount namespace
	as     *syscall.SysProcAttr           // the user who mounts; nil: nobody
	flags  []string
	says   []string // parts of the one line that is printed
}

// TestRefusedMountSaysWhyAndWhatToDo: one line has the reason of Linux or of fusermount3, and
// advice.
func TestRefusedMountSaysWhyAndWhatToDo(t *testing.T) {
	for name, r := range map[string]refusal{
		"no_new_privs": {
			spoil: func(t *testing.T, _ string) {
				require.NoError(t, unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) // of this thread
			},
			says: []string{"fusermount3: mount failed: Operation not permitted", "has no_new_privs", "NoNewPrivileges=no"},
		},
		"fusermount3 on nosuid": {
			spoil: func(t *testing.T, _ string) {
				bind(t, helper(t), helper(t))
				require.NoError(t, unix.Mount("", helper(t), "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_NOSUID, ""))
			},
			says: []string{"fusermount3: ", "is on a file system mounted nosuid"},
		},
		"fusermount3 not setuid": {
			spoil: func(t *testing.T, _ string) { replaceHelper(t, 0o755) },
			says:  []string{"fusermount3: ", "is not setuid root here"},
		},
		"fusermount3 missing": {
			spoil: func(t *testing.T, _ string) { replaceHelper(t, 0o644) },
			says:  []string{"fusermount3 is not installed", "install the package fuse3"},
		},
		"user namespace without root": {
			as: &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: nobody, Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: nobody, HostID: nobody, Size: 1}},
				Credential:  &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: true},
			},
			says: []string{"fusermount3: ", "start no user namespace without root"},
		},
		"root without CAP_SYS_ADMIN": {
			as:   user(0),
			says: []string{"mount: operation not permitted", "needs CAP_SYS_ADMIN", "--cap-add SYS_ADMIN"},
			spoil: func(t *testing.T, _ string) {
				require.NoError(t, unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_ADMIN, 0, 0, 0)) // of this thread's children
			},
		},
		"allow-other without user_allow_other": {
			flags: []string{"--allow-other"},
			says:  []string{"fusermount3: option allow_other only allowed if", "/etc/fuse.conf must say user_allow_other"},
		},
		"too many mounts": {
			config: "mount_max = 0\n",
			says:   []string{"fusermount3: too many FUSE filesystems mounted", "mount_max=N can be set in /etc/fuse.conf"},
		},
		"somebody else's directory": {
			spoil: func(t *testing.T, dir string) { require.NoError(t, os.Chown(dir, 0, 0)) },
			says:  []string{"fusermount3: user has no write access to mountpoint", "a directory that you own and may write to"},
		},
		"shared directory with the sticky bit": {
			spoil: func(t *testing.T, dir string) {
				require.NoError(t, os.Chown(dir, 0, 0))
				require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky))
			},
			says: []string{"fusermount3: mountpoint ", "not owned by user", "a directory that you own and may write to"},
		},
		"device for root only": {
			spoil: func(t *testing.T, dir string) {
				require.NoError(t, os.Chmod(filepath.Join(filepath.Dir(dir), "fuse"), 0o600))
			},
			says: []string{"fusermount3: failed to open /dev/fuse: Permission denied", "its mode must be 0666"},
		},
		"no device":          {spoil: hideDevice, says: []string{"open /dev/fuse: no such file or directory", "modprobe fuse", "--device /dev/fuse"}},
		"no device for root": {spoil: hideDevice, as: user(0), says: []string{"open /dev/fuse: no such file or directory", "modprobe fuse"}},
		"no directory": {
			spoil: func(t *testing.T, dir string) { require.NoError(t, os.Remove(dir)) },
			says:  []string{"no such file or directory: want a directory that is there"},
		},
		"a file instead of a directory": {
			spoil: func(t *testing.T, dir string) {
				require.NoError(t, os.Remove(dir))
				require.NoError(t, os.WriteFile(dir, nil, 0o666))
			},
			says: []string{"not a directory: want a directory that is there"},
		},
		"a link to nothing": {
			spoil: func(t *testing.T, dir string) {
				require.NoError(t, os.Remove(dir))
				require.NoError(t, os.Symlink("nothing", dir))
			},
			says: []string{"no such file or directory: want a directory that is there"},
		},
	} {
		t.Run(name, func(t *testing.T) { r.test(t) })
	}
}

// test tries to mount in the foreground and in the background.
func (r refusal) test(t *testing.T) {
	path, err := fullexCommand()
	require.NoError(t, err)
	dir := letUsersMount(t, r.config)
	if r.spoil != nil {
		r.spoil(t, dir)
	}
	if r.as == nil {
		r.as = user(nobody)
	}
	for _, how := range []string{"--foreground", "--daemon"} {
		cmd := exec.CommandContext(t.Context(), path, append(append([]string{"mount", how}, r.flags...), dir)...)
		cmd.SysProcAttr = r.as
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		assert.Error(t, cmd.Run())
		assert.Empty(t, stdout.String())
		assert.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
		assert.Contains(t, stderr.String(), "fullex: mount at "+dir+": ")
		for _, says := range r.says {
			assert.Contains(t, stderr.String(), says, how)
		}
	}
}

// helper returns the path of fusermount3.
func helper(t *testing.T) (path string) {
	t.Helper()
	path, err := exec.LookPath("fusermount3")
	require.NoError(t, err)
	return path
}

// bind makes the file from appear at the path to.
func bind(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, unix.Mount(from, to, "", unix.MS_BIND, ""))
}

// replaceHelper replaces fusermount3 by a copy with another mode.
func replaceHelper(t *testing.T, mode os.FileMode) {
	t.Helper()
	text, err := os.ReadFile(helper(t))
	require.NoError(t, err)
	from := filepath.Join(t.TempDir(), "fusermount3")
	require.NoError(t, os.WriteFile(from, text, mode))
	bind(t, from, helper(t))
}

// hideDevice leaves only null in /dev.
func hideDevice(t *testing.T, dir string) {
	t.Helper()
	null := filepath.Join(filepath.Dir(dir), "null")
	require.NoError(t, unix.Mknod(null, unix.S_IFCHR, int(unix.Mkdev(1, 3))))
	require.NoError(t, os.Chmod(null, 0o666))
	require.NoError(t, unix.Mount("dev", "/dev", "tmpfs", unix.MS_NOSUID, "mode=755"))
	require.NoError(t, os.WriteFile("/dev/null", nil, 0o666))
	bind(t, null, "/dev/null")
}

// TestMountAndUmountByOtherNamesOfADirectory uses links, relative paths and slashes at the
// end. It also mounts by a link to a directory with a dead mount.
func TestMountAndUmountByOtherNamesOfADirectory(t *testing.T) {
	dir := letUsersMount(t, "")
	parent := filepath.Dir(dir)
	require.NoError(t, os.Symlink("mount", filepath.Join(parent, "link")))
	require.NoError(t, os.Symlink(parent, filepath.Join(parent, "up")))
	path, err := fullexCommand()
	require.NoError(t, err)
	fullex := func(cwd string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Dir, cmd.SysProcAttr = cwd, user(nobody)
		return cmd
	}
	for _, c := range []struct{ cwd, name string }{
		{"/", parent + "/link"}, {"/", parent + "/link/"}, {"/", dir + "//"}, {"/", parent + "/up/link"},
		{parent, "link"}, {parent, "./mount/."}, {parent, "up/../" + filepath.Base(parent) + "/link"}, {dir, "."}, {dir, "../link"},
	} {
		out, err := fullex(c.cwd, "mount", "--daemon", c.name).CombinedOutput()
		require.NoError(t, err, "%s: %s", c.name, out)
		assert.Empty(t, string(out))
		assert.Contains(t, mountInfo(t), " "+dir+" ")
		from := c.cwd
		if from == dir { // there the command itself would keep the mount in use
			from, c.name = parent, filepath.Join(dir, c.name)
		}
		out, err = fullex(from, "umount", c.name).CombinedOutput()
		require.NoError(t, err, "%s: %s", c.name, out)
		assert.NotContains(t, mountInfo(t), " "+dir+" ")
	}
	for range 2 { // the second mount finds the dead first one
		m := mountFUSEAt(t, filepath.Join(parent, "link"), user(nobody))
		require.NoError(t, m.cmd.Process.Kill())
		require.Error(t, m.cmd.Wait())
	}
	out, err := fullex("/", "umount", parent+"/link").CombinedOutput()
	assert.NoError(t, err, string(out))
	assert.NotContains(t, mountInfo(t), " "+dir+" ")
}

// mountInfo returns the list of mounts in the namespace of this thread.
func mountInfo(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/mountinfo")
	require.NoError(t, err)
	return string(text)
}

// TestMountEndsAfterARenameAndWithACopy: a signal ends a mount although its parent directory
// was renamed and another mount namespace has a copy of the mount.
func TestMountEndsAfterARenameAndWithACopy(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "parent")
	require.NoError(t, os.MkdirAll(filepath.Join(parent, "mount"), 0o755))
	m := mountFUSEAt(t, filepath.Join(parent, "mount"), nil)
	moved := filepath.Join(t.TempDir(), "moved")
	copied := m.shell("cd /; echo holding; exec cat")
	if os.Geteuid() == 0 {
		copied.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	}
	in, _ := startHolder(t, copied)
	require.NoError(t, os.Rename(parent, moved))
	require.NoError(t, m.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, m.cmd.Wait(), m.log.String())
	assert.Empty(t, m.log.String())
	assert.NotContains(t, mountInfo(t), moved)
	require.NoError(t, in.Close())
	require.NoError(t, copied.Wait())
}

// TestUpperMountOutlivesTheLowerOne: a mount that ends does not end the one that was mounted
// over it.
func TestUpperMountOutlivesTheLowerOne(t *testing.T) {
	lower := mountFUSE(t)
	upper := mountFUSEAt(t, lower.dir, nil)
	require.NoError(t, lower.cmd.Process.Signal(syscall.SIGTERM))
	require.Error(t, lower.cmd.Wait())
	assert.Contains(t, lower.log.String(), "another file system is mounted over it")
	_, err := os.Stat(upper.path("full_ex"))
	require.NoError(t, err)
	upper.end()
	require.NoError(t, upper.run("umount", lower.dir).Run(), "unmount the lower one, which is dead")
}
