//go:build linux

package tests

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/endpoint"
	"fullex/tests/listing"
	"fullex/tests/need"
)

// fullexCommand builds the command at the first call and returns its path. TestMain removes
// it.
var fullexCommand = sync.OnceValues(func() (string, error) {
	var err error
	commandDir, err = os.MkdirTemp("", "fullex-command")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(commandDir, 0o755); err != nil { // other users run it too
		return "", err
	}
	path := filepath.Join(commandDir, "fullex")
	if out, err := exec.Command("go", "build", "-o", path, "fullex/cmd/fullex").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	return path, nil
})

// commandDir is the directory with the command of fullexCommand, or "".
var commandDir string

// fuseMount is a mount in the foreground, by a process of fullex mount.
type fuseMount struct {
	t       *testing.T
	command string // the path of fullex
	cmd     *exec.Cmd
	dir     string
	as      *syscall.SysProcAttr // the user who mounts; nil: the user of the test
	log     bytes.Buffer         // standard error; complete when the process has ended
}

// mountFUSE mounts at a new directory and waits until the mount answers. The flags may end
// with an endpoint. Without one, the mount has a server of its own. The end of the test ends
// the mount, unless it has ended, and the process must then end with status 0.
func mountFUSE(t *testing.T, flags ...string) *fuseMount {
	t.Helper()
	return mountFUSEAt(t, t.TempDir(), nil, flags...)
}

// mountFUSEAt is mountFUSE at a directory, as a user.
func mountFUSEAt(t *testing.T, dir string, as *syscall.SysProcAttr, flags ...string) *fuseMount {
	t.Helper()
	m := &fuseMount{t: t, dir: dir, as: as}
	m.start(nil, flags)
	return m
}

// mountFUSEBy is mountFUSE with a command, such as unshare, that runs fullex.
func mountFUSEBy(t *testing.T, by []string, flags ...string) *fuseMount {
	t.Helper()
	m := &fuseMount{t: t, dir: t.TempDir()}
	m.start(by, flags)
	return m
}

// start starts fullex mount, run by the command by if that is not nil, and waits until the
// mount answers.
func (m *fuseMount) start(by, flags []string) {
	t := m.t
	t.Helper()
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		need.Skip(t, "no FUSE for this user: %v", err)
	}
	require.NoError(t, device.Close())
	path, err := fullexCommand()
	require.NoError(t, err)
	m.command = path
	line := slices.Concat(by, []string{path, "mount"}, flags, []string{m.dir})
	m.cmd = exec.Command(line[0], line[1:]...)
	m.cmd.SysProcAttr = m.as
	m.cmd.Stderr = &m.log
	out, err := m.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, m.cmd.Start())
	t.Cleanup(m.end)
	said := make([]byte, 100)
	n, err := out.Read(said)
	if err != nil {
		require.Error(t, m.cmd.Wait())
		require.FailNow(t, "mount failed", m.log.String())
	}
	require.Contains(t, string(said[:n]), "mounted at "+m.dir)
}

// run returns a command of fullex for the user who mounted.
func (m *fuseMount) run(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(m.command, append([]string{name}, args...)...)
	cmd.SysProcAttr = m.as
	return cmd
}

// end unmounts and waits for the process, unless that has ended.
func (m *fuseMount) end() {
	if m.cmd.ProcessState != nil {
		return
	}
	out, err := m.run("umount", m.dir).CombinedOutput()
	if !assert.NoError(m.t, err, string(out)) {
		assert.NoError(m.t, m.cmd.Process.Kill())
	}
	assert.NoError(m.t, m.cmd.Wait(), m.log.String())
}

func (m *fuseMount) path(name string) string { return filepath.Join(m.dir, name) }

// sessions returns the number of open sessions. Reading the list does not count.
func (m *fuseMount) sessions() int {
	text, err := os.ReadFile(m.path("sessions"))
	require.NoError(m.t, err)
	return bytes.Count(text, []byte("\n")) - 1
}

// shell returns a command that runs a shell script in the mount's directory.
func (m *fuseMount) shell(line string) *exec.Cmd {
	cmd := exec.CommandContext(m.t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.SysProcAttr = m.dir, m.as
	return cmd
}

func TestOracleReplayThroughFUSE(t *testing.T) {
	m := mountFUSE(t)
	for path, calls := range parseTraces(t) {
		differences := calls.Replay(func() (io.ReadWriteCloser, error) {
			fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
			return fileDescriptor(fd), err
		})
		assert.Empty(t, differences, path)
	}
}

// fileDescriptor makes system calls without a layer that retries or splits them.
type fileDescriptor int

func (fd fileDescriptor) Read(p []byte) (int, error)  { return syscall.Read(int(fd), p) }
func (fd fileDescriptor) Write(p []byte) (int, error) { return syscall.Write(int(fd), p) }
func (fd fileDescriptor) Close() error                { return syscall.Close(int(fd)) }

func TestEveryProcessHasItsOwnDequeAtThePlainPath(t *testing.T) {
	m := mountFUSE(t)
	var running []*exec.Cmd
	var outs []*bytes.Buffer
	const processes = 8
	for i := range processes {
		script := `exec 3<>full_ex && printf '\005' >&3`
		for v := 1; v <= 3; v++ {
			script += fmt.Sprintf(` && printf '\%03o\0\0\0' >&3`, 10*i+2*v)
		}
		script += fmt.Sprintf(`
			tries=0
			while [ $(grep -c full_ex sessions) -lt %d ] && [ $tries -lt 5000 ]; do tries=$((tries + 1)); done
			dd bs=4 count=3 <&3 2>/dev/null | od -An -td4`, processes)
		cmd := m.shell(script)
		out := new(bytes.Buffer)
		cmd.Stdout, cmd.Stderr = out, out
		require.NoError(t, cmd.Start())
		running, outs = append(running, cmd), append(outs, out)
	}
	for i, cmd := range running {
		assert.NoError(t, cmd.Wait())
		assert.Equal(t, fmt.Sprint([]int{10*i + 2, 10*i + 4, 10*i + 6}), "["+strings.Join(strings.Fields(outs[i].String()), " ")+"]")
	}
	eventually(t, "all sessions have ended", func() bool { return m.sessions() == 0 })
}

func TestThreadsAreOneProcessAndForkedChildrenShareTheFile(t *testing.T) {
	m := mountFUSE(t)
	fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	second := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: a thread of its own opens the device
		_, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
		second <- err
	}()
	assert.Equal(t, syscall.EACCES, <-second)
	require.NoError(t, syscall.Close(fd))
	out, err := m.shell(`exec 3<>full_ex; printf '\002' >&3; (printf '\007\0\0\0' >&3); dd bs=4 count=1 <&3 2>/dev/null | od -An -td4`).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, "7", strings.TrimSpace(string(out)))
}

func TestSessionOfAKilledProcessEnds(t *testing.T) {
	m := mountFUSE(t)
	for range 5 {
		cmd := m.shell(`exec 3<>full_ex; printf '\003' >&3; exec cat`)
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		eventually(t, "it has opened the device", func() bool { return m.sessions() == 1 })
		require.NoError(t, cmd.Process.Kill())
		assert.Error(t, cmd.Wait())
		_ = in.Close()
		eventually(t, "its session has ended", func() bool { return m.sessions() == 0 })
	}
}

func TestUnloadWhileOpenThroughFUSE(t *testing.T) {
	m := mountFUSE(t)
	fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(m.path("ctl"), []byte("rmmod full_ex\n"), 0))
	_, err = syscall.Write(fd, []byte{3})
	assert.Equal(t, syscall.EIO, err)
	_, err = syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
	assert.Equal(t, syscall.ENOENT, err)
	require.NoError(t, syscall.Close(fd))
	require.NoError(t, os.WriteFile(m.path("ctl"), []byte("insmod full_ex\n"), 0))
	fd, err = syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.Close(fd))
}

func TestChangesOfTheTreeAreRefusedThroughFUSE(t *testing.T) {
	m := mountFUSE(t)
	for call, err := range map[string]error{
		"create":  os.WriteFile(m.path("new"), nil, 0o600),
		"mkdir":   os.Mkdir(m.path("new"), 0o700),
		"unlink":  syscall.Unlink(m.path("full_ex")),
		"rmdir":   syscall.Rmdir(m.path("each")),
		"rename":  os.Rename(m.path("full_ex"), m.path("new")),
		"link":    os.Link(m.path("full_ex"), m.path("new")),
		"symlink": os.Symlink("full_ex", m.path("new")),
		"chmod":   os.Chmod(m.path("full_ex"), 0o600),
	} {
		assert.ErrorIs(t, err, syscall.EPERM, call)
	}
	assert.NoError(t, os.Truncate(m.path("full_ex"), 0))
	assert.NoError(t, os.Chtimes(m.path("full_ex"), time.Now(), time.Now()))
	assert.Zero(t, m.sessions())
}

func TestWalkthroughThroughFUSE(t *testing.T) {
	m := mountFUSE(t, "unix:"+serve(t, &p9srv.Server{Kernel: listing.Kernel(listing.Tutorial...)}).String())
	path, err := fullexCommand()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), scriptTime)
	defer cancel()
	script := exec.CommandContext(ctx, "sh", "testdata/walkthrough/commands.sh")
	script.Env = append(os.Environ(), "T="+m.dir, "PATH="+filepath.Dir(path)+":"+os.Getenv("PATH"))
	out, err := script.CombinedOutput()
	require.NoError(t, err, string(out))
	want, err := os.ReadFile("testdata/walkthrough/commands.out")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(out))
}

func TestSignalEndsAMountThatIsInUse(t *testing.T) {
	m := mountFUSE(t)
	fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	start := time.Now()
	require.NoError(t, m.cmd.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, m.cmd.Wait(), "exit status 0")
	assert.Less(t, time.Since(start), 5*time.Second)
	_, err = syscall.Write(fd, []byte{3})
	assert.Error(t, err)
	assert.Equal(t, syscall.ENOTCONN, syscall.Close(fd))
	entries, err := os.ReadDir(m.dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "nothing is mounted there now")
}

func TestOtherUsersHaveTheirOwnDequeThroughFUSE(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	m := mountFUSE(t, "--allow-other")
	require.NoError(t, os.Chmod(filepath.Dir(m.dir), 0o755))
	fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	cmd := m.shell(`exec 3<>full_ex && printf '\002' >&3 && cat sessions; echo rmmod full_ex > ctl`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: alice, Gid: alice}}
	out, _ := cmd.CombinedOutput() // its last command is refused
	assert.Contains(t, string(out), fmt.Sprintf(" %d %[1]d 2 0 ", alice), "the user's own session")
	assert.NotContains(t, string(out), " 0 0 0 0 ", "not root's session")
	assert.Contains(t, string(out), "Permission denied")
	require.NoError(t, syscall.Close(fd))
}

func TestCallsFailWithEIOAtOnceWhenTheServerIsGone(t *testing.T) {
	srv := &p9srv.Server{}
	m := mountFUSE(t, "unix:"+serve(t, srv).String())
	fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	_, err = syscall.Write(fd, []byte{3})
	require.NoError(t, err)
	require.NoError(t, srv.Close())
	_, err = syscall.Write(fd, []byte{1, 0, 0, 0})
	assert.Equal(t, syscall.EIO, err)
	_, err = syscall.Read(fd, make([]byte, 4))
	assert.Equal(t, syscall.EIO, err)
	_, err = os.Stat(m.path("kmsg"))
	assert.ErrorIs(t, err, syscall.EIO)
	require.NoError(t, syscall.Close(fd))
}

func TestMountReconnectsWhenItsServerIsBack(t *testing.T) {
	at := endpoint.Unix(filepath.Join(t.TempDir(), "s"))
	start := func() *p9srv.Server {
		srv := &p9srv.Server{}
		l, err := at.Listen(t.Context())
		require.NoError(t, err)
		serveOn(t, srv, l)
		return srv
	}
	srv := start()
	m := mountFUSE(t, "--reconnect", at.String())
	for round := range 3 {
		fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
		require.NoError(t, err)
		_, err = syscall.Write(fd, []byte{3})
		require.NoError(t, err)
		require.NoError(t, srv.Close())
		_, err = syscall.Write(fd, []byte{1, 0, 0, 0})
		assert.Equal(t, syscall.EIO, err)
		_, err = os.ReadFile(m.path("kmsg"))
		assert.ErrorIs(t, err, syscall.EIO, "while the server is gone")
		srv = start()
		eventually(t, "the mount has reconnected", func() bool {
			_, err := os.ReadFile(m.path("kmsg"))
			return err == nil
		})
		_, err = syscall.Read(fd, make([]byte, 4))
		assert.Equal(t, syscall.EIO, err, "round %d: the session has ended with the old server", round)
		again, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
		require.NoError(t, err, "a new open works while the old file is open")
		_, err = syscall.Write(again, []byte{3})
		require.NoError(t, err)
		require.NoError(t, syscall.Close(again))
		require.NoError(t, syscall.Close(fd))
		eventually(t, "its session has ended", func() bool { return srv.Kernel.Sessions() == 0 })
	}
}

func TestProcessesThatTheMountCannotSeeAreNeverRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a pid namespace")
	}
	m := mountFUSEBy(t, []string{"unshare", "--pid", "--fork"})
	for range 2 {
		fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
		require.NoError(t, err, "each open is a client of its own")
		defer func() { require.NoError(t, syscall.Close(fd)) }()
	}
	text, err := os.ReadFile(m.path("sessions"))
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(text), "each"), string(text))
}
