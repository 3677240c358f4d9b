//go:build linux

package tests

import (
	"bufio"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// hungCalls are calls that wait for the server, by name. The value is what a caller prints if
// the server answers: the result and the errno. The file is open before, so that the call
// sends only one request.
var hungCalls = map[string]string{
	"lookup":   "0 0",
	"open":     "0 0",
	"read":     "4 0",
	"write":    "4 0",
	"fsync":    "0 0",
	"getattr":  "0 0",
	"readdir":  "1 0",
	"statfs":   "0 0",
	"truncate": "0 0",
}

// playCaller prints its thread ID, waits for a line of input and makes a call at a mount. It
// waits for each of handledSignals and prints what the call returned.
func playCaller(call, dir string) error {
	runtime.LockOSThread()
	makeCall, err := prepareCall(call, dir)
	if err != nil {
		return err
	}
	handled := make(chan os.Signal, len(handledSignals))
	signal.Notify(handled, handledSignals...)
	fmt.Println(syscall.Gettid())
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	n, errno := makeCall()
	for range handledSignals {
		<-handled
	}
	fmt.Println(n, int(errno))
	return nil
}

// handledSignals have a handler in a caller. The caller ends after it has received each.
var handledSignals = []os.Signal{syscall.SIGALRM, syscall.SIGUSR1}

// prepareCall opens the file for a call and, if that is the device, pushes a value. It returns
// a function that makes the call.
func prepareCall(call, dir string) (func() (int, syscall.Errno), error) {
	path, flags := filepath.Join(dir, "full_ex"), syscall.O_RDWR
	switch call {
	case "lookup", "open":
		flags = unix.O_PATH
	case "readdir":
		path, flags = dir, syscall.O_DIRECTORY
	}
	fd, err := syscall.Open(path, flags, 0)
	if err != nil {
		return nil, err
	}
	if flags == syscall.O_RDWR {
		for _, p := range [][]byte{{3}, {2, 0, 0, 0}} {
			if _, err := syscall.Write(fd, p); err != nil {
				return nil, err
			}
		}
	}
	return func() (int, syscall.Errno) {
		n, err := makeCall(call, path, fd)
		errno, _ := err.(syscall.Errno)
		return n, errno
	}, nil
}

// makeCall makes a call at an open file, or at its path.
func makeCall(call, path string, fd int) (int, error) {
	itself := fmt.Sprintf("/proc/self/fd/%d", fd) // without a lookup of the path
	switch call {
	case "lookup":
		return 0, syscall.Stat(path, new(syscall.Stat_t))
	case "open":
		_, err := syscall.Open(itself, syscall.O_RDWR, 0)
		return 0, err
	case "read":
		return syscall.Read(fd, make([]byte, 4))
	case "write":
		return syscall.Write(fd, []byte{4, 0, 0, 0})
	case "fsync":
		return 0, syscall.Fsync(fd)
	case "getattr":
		return 0, syscall.Fstat(fd, new(syscall.Stat_t))
	case "readdir":
		n, err := syscall.ReadDirent(fd, make([]byte, 4096))
		return min(n, 1), err
	case "statfs":
		return 0, syscall.Fstatfs(fd, new(syscall.Statfs_t))
	default:
		return 0, syscall.Truncate(itself, 0)
	}
}

// caller is a process that makes one call.
type caller struct {
	*process
	thread int
}

// startIdleCaller starts a caller and returns when it is ready to make its call.
func startIdleCaller(t *testing.T, call, dir string) *caller {
	t.Helper()
	c := &caller{process: startRole(t, "call", call, dir)}
	_, err := fmt.Fscanln(c.out, &c.thread)
	require.NoError(t, err)
	return c
}

// startCaller stops the server, starts a caller and returns when its call waits.
func startCaller(t *testing.T, call, dir string, server *process) *caller {
	t.Helper()
	c := startIdleCaller(t, call, dir)
	server.hang(t)
	_, err := fmt.Fprintln(c.in)
	require.NoError(t, err)
	waitsInFUSE(t, c.thread)
	return c
}

// waitsInFUSE returns when a thread waits in Linux for a reply of the mount.
func waitsInFUSE(t *testing.T, thread int) {
	t.Helper()
	eventually(t, "a call waits for its reply", func() bool {
		function, err := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", thread))
		return err == nil && string(function) == "request_wait_answer"
	})
}

// endsBy sends a signal to the process and waits for its end.
func (c *caller) endsBy(t *testing.T, s syscall.Signal) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Signal(s))
	c.ends(t)
}

// ends waits for the end of the process, with any status.
func (c *caller) ends(t *testing.T) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- c.cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(patience):
		require.FailNow(t, "the caller has not ended")
	}
}

// hang stops all threads of a process. goOn or the end of the test continues them.
func (p *process) hang(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	t.Cleanup(func() { p.goOn(t) })
	eventually(t, "all threads are stopped", func() bool {
		stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
		require.NoError(t, err)
		for _, path := range stats {
			if text, err := os.ReadFile(path); err == nil && !strings.Contains(string(text), ") T ") {
				return false
			}
		}
		return true
	})
}

// goOn continues a process after hang.
func (p *process) goOn(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGCONT))
}

// hasNoSession waits until a server has no open session.
func (p *process) hasNoSession(t *testing.T) {
	t.Helper()
	eventually(t, "all sessions have ended", func() bool {
		_, sessions, _ := p.state(t)
		return sessions == 0
	})
}

// mountOfAServer starts a server in a process of its own and mounts it.
func mountOfAServer(t *testing.T) (*fuseMount, *process) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	server := startServer(t, "fullex", socket)
	return mountFUSE(t, "unix:"+socket), server
}

func TestCallerCanBeKilledWhileTheServerHangs(t *testing.T) {
	m, server := mountOfAServer(t)
	for call := range hungCalls {
		t.Run(call, func(t *testing.T) {
			startCaller(t, call, m.dir, server).endsBy(t, syscall.SIGKILL)
			server.goOn(t)
			server.hasNoSession(t)
			worksThrough(t, m)
		})
	}
	m.end()
	assert.Empty(t, m.log.String())
}

// worksThrough opens the device through a mount, and pushes and pops a value.
func worksThrough(t *testing.T, m *fuseMount) {
	t.Helper()
	fd, err := syscall.Open(m.path("full_ex"), syscall.O_RDWR, 0)
	require.NoError(t, err)
	for _, p := range [][]byte{{3}, {2, 0, 0, 0}} {
		_, err = syscall.Write(fd, p)
		require.NoError(t, err)
	}
	n, err := syscall.Read(fd, make([]byte, 4))
	require.NoError(t, err)
	assert.Equal(t, 4, n)
	require.NoError(t, syscall.Close(fd))
	eventually(t, "its session has ended", func() bool { return m.sessions() == 0 })
}

// TestSignalWithoutAHandlerEndsACallToAHungServer uses a shell, because Go programs have
// handlers for all these signals. SIGQUIT dumps core, so Linux does not treat it as SIGKILL.
func TestSignalWithoutAHandlerEndsACallToAHungServer(t *testing.T) {
	m, server := mountOfAServer(t)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(s.String(), func(t *testing.T) {
			cmd := m.shell(`ulimit -c 0; exec 3<>full_ex; printf '\003' >&3; printf '\002\0\0\0' >&3; echo holding; read go; exec dd bs=4 count=1 <&3`)
			in, _ := startHolder(t, cmd)
			server.hang(t)
			_, err := fmt.Fprintln(in)
			require.NoError(t, err)
			waitsInFUSE(t, cmd.Process.Pid)
			(&caller{process: &process{cmd: cmd}}).endsBy(t, s)
			server.goOn(t)
			server.hasNoSession(t)
			worksThrough(t, m)
		})
	}
}

// TestSignalWithAHandlerDoesNotEndACallToASlowServer: a server that continues in time still
// gives the call its result, and no value is lost.
func TestSignalWithAHandlerDoesNotEndACallToASlowServer(t *testing.T) {
	m, server := mountOfAServer(t)
	for call, prints := range hungCalls {
		t.Run(call, func(t *testing.T) {
			c := startCaller(t, call, m.dir, server)
			for _, s := range handledSignals {
				require.NoError(t, unix.Tgkill(c.cmd.Process.Pid, c.thread, s.(syscall.Signal)))
			}
			said := make(chan string, 1)
			go func() {
				line, _ := c.out.ReadString('\n')
				said <- strings.TrimSpace(line)
			}()
			select {
			case line := <-said:
				assert.Fail(t, "the call has returned", line)
			case <-time.After(200 * time.Millisecond):
			}
			server.goOn(t)
			assert.Equal(t, prints, <-said)
			c.ends(t)
			server.hasNoSession(t)
		})
	}
}

// TestSignalWithAHandlerEndsACallToAHungServer: the call fails with EIO, because nobody knows
// what the server has done or will do.
func TestSignalWithAHandlerEndsACallToAHungServer(t *testing.T) {
	m, server := mountOfAServer(t)
	for call := range hungCalls {
		t.Run(call, func(t *testing.T) {
			c := startCaller(t, call, m.dir, server)
			for _, s := range handledSignals {
				require.NoError(t, unix.Tgkill(c.cmd.Process.Pid, c.thread, s.(syscall.Signal)))
			}
			line, err := c.out.ReadString('\n')
			require.NoError(t, err)
			assert.Contains(t, line, fmt.Sprint(int(syscall.EIO)))
			c.ends(t)
			server.goOn(t)
			server.hasNoSession(t)
			worksThrough(t, m)
		})
	}
	m.end()
	assert.Empty(t, m.log.String())
}

// TestManyCallersCanBeKilledWhileTheServerHangs makes calls that wait in Linux too: before
// Linux 6.2 only one write to a file at a time reaches the mount.
func TestManyCallersCanBeKilledWhileTheServerHangs(t *testing.T) {
	m, server := mountOfAServer(t)
	var callers []*caller
	for range 20 {
		for _, call := range []string{"read", "write"} {
			server.goOn(t)
			callers = append(callers, startIdleCaller(t, call, m.dir))
		}
	}
	server.hang(t)
	for _, c := range callers {
		_, err := fmt.Fprintln(c.in)
		require.NoError(t, err)
	}
	waitsInFUSE(t, callers[0].thread)
	for _, c := range callers {
		require.NoError(t, c.cmd.Process.Kill())
	}
	for _, c := range callers {
		c.ends(t)
	}
	server.goOn(t)
	server.hasNoSession(t)
	worksThrough(t, m)
}

// TestMountOfAHungServerEnds ends a mount in each possible way. A caller waits meanwhile, or
// was killed and has left a file that the server must still close.
func TestMountOfAHungServerEnds(t *testing.T) {
	for name, end := range map[string]func(m *fuseMount, c *caller){
		"signal": func(m *fuseMount, _ *caller) {
			require.NoError(t, m.cmd.Process.Signal(syscall.SIGTERM))
		},
		"umount after the last caller": func(m *fuseMount, c *caller) {
			c.endsBy(t, syscall.SIGKILL)
			out, err := m.run("umount", m.dir).CombinedOutput()
			assert.NoError(t, err, string(out))
		},
		"lazy umount": func(m *fuseMount, c *caller) {
			out, err := m.run("umount", "--lazy", m.dir).CombinedOutput()
			assert.NoError(t, err, string(out))
			c.endsBy(t, syscall.SIGKILL)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, server := mountOfAServer(t)
			c := startCaller(t, "read", m.dir, server)
			end(m, c)
			ended := make(chan error, 1)
			go func() { ended <- m.cmd.Wait() }()
			select {
			case err := <-ended:
				assert.NoError(t, err, m.log.String())
			case <-time.After(patience):
				require.FailNow(t, "the mount has not ended")
			}
			if name == "signal" {
				for _, s := range handledSignals { // the caller waits for them
					require.NoError(t, c.cmd.Process.Signal(s))
				}
				c.ends(t)
			}
			server.goOn(t)
			server.hasNoSession(t)
		})
	}
}
