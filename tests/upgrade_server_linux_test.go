package tests

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client"
	"fullex/p9srv/endpoint"
	"fullex/tests/locked"
)

// upgradable is a fullex serve in a process of its own, with a program of its own that a
// test can replace.
type upgradable struct {
	t       testing.TB
	command string // the command as it was built
	program string // path of the server's program
	cmd     *exec.Cmd
	at      []string // where it listens, without inherited sockets; first a unix socket
	log     locked.Buffer
	ended   chan struct{} // closed when it has ended

	generation int
}

// serveUpgradable starts a server that listens at a unix socket, and at what the arguments
// say. It must end in order when the test ends, if the test has not ended it.
func serveUpgradable(t testing.TB, args ...string) *upgradable {
	t.Helper()
	return startUpgradable(t, func(*exec.Cmd) {}, args...)
}

// startUpgradable is serveUpgradable for a command that prepare changes.
func startUpgradable(t testing.TB, prepare func(*exec.Cmd), args ...string) *upgradable {
	t.Helper()
	command, err := fullexCommand()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // as in serve
	s := &upgradable{t: t, command: command, program: filepath.Join(dir, "fullex"), ended: make(chan struct{}), generation: 1}
	s.install(command)
	s.cmd = exec.Command(s.program, append([]string{"serve", "--listen", "unix:" + s.socket() + ",mode=0666"}, args...)...)
	s.cmd.Stderr = &s.log
	prepare(s.cmd)
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	said := bufio.NewScanner(out)
	for want := s.sources(); want > 0 && said.Scan(); {
		at, listens := strings.CutPrefix(said.Text(), "listening on ")
		inherited := strings.HasPrefix(at, "fd:")
		if listens && !inherited {
			s.at = append(s.at, at)
		}
		if listens || strings.HasPrefix(at, "serving the connection ") {
			want--
		}
	}
	go func() {
		for said.Scan() { // what else it says
		}
		_ = s.cmd.Wait() // the status says it
		close(s.ended)
	}()
	t.Cleanup(s.end)
	require.NotEmpty(t, s.at, "%s", &s.log)
	return s
}

// socket is the path of its unix socket.
func (s *upgradable) socket() string { return filepath.Join(filepath.Dir(s.program), "s") }

// sources is how many lines the server says where it serves.
func (s *upgradable) sources() int { return strings.Count(strings.Join(s.cmd.Args, " "), "--listen ") }

// install makes another file the server's program, as a package manager would: the path
// has the old one or the new one at any time.
func (s *upgradable) install(from string) {
	s.t.Helper()
	text, err := os.ReadFile(from)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(s.program+".new", text, 0o755))
	require.NoError(s.t, os.Rename(s.program+".new", s.program))
}

// end tells the server to end, and waits. One that a test has ended stays as it is.
func (s *upgradable) end() {
	select {
	case <-s.ended:
		return
	default:
	}
	assert.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.ended:
		assert.Zero(s.t, s.cmd.ProcessState.ExitCode(), "%s", &s.log)
	case <-time.After(patience):
		_ = s.cmd.Process.Kill() // it may have ended now
		assert.Fail(s.t, "the server does not end", "%s", &s.log)
	}
	assert.NoFileExists(s.t, s.socket())
	for _, word := range []string{"defect", "panic", "fatal error", "a connection is lost"} {
		assert.NotContains(s.t, s.log.String(), word)
	}
}

// run runs the command to its end.
func (s *upgradable) run(args ...string) (out string, err error) {
	cmd := exec.CommandContext(s.t.Context(), s.command, args...)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

var upgradedLine = regexp.MustCompile(`^upgraded to generation (\d+) after a pause of (\S+)\n$`)

// upgrade upgrades the server and returns the length of the pause.
func (s *upgradable) upgrade() (pause time.Duration) {
	s.t.Helper()
	out, err := s.run("upgrade", s.at[0])
	require.NoError(s.t, err, "%s%s", out, &s.log)
	said := upgradedLine.FindStringSubmatch(out)
	require.NotNil(s.t, said, out)
	s.generation++
	assert.Equal(s.t, strconv.Itoa(s.generation), said[1])
	pause, err = time.ParseDuration(said[2])
	require.NoError(s.t, err)
	return pause
}

// refuses asks for an upgrade, which must be refused, and returns why.
func (s *upgradable) refuses() (why string) {
	s.t.Helper()
	out, err := s.run("upgrade", s.at[0])
	var exit *exec.ExitError
	require.ErrorAs(s.t, err, &exit, out)
	assert.Equal(s.t, 1, exit.ExitCode())
	why, ok := strings.CutPrefix(out, "fullex: not upgraded: ")
	require.True(s.t, ok, out)
	require.Equal(s.t, 1, strings.Count(out, "\n"), out)
	return strings.TrimSuffix(why, "\n")
}

// signal sends SIGUSR2.
func (s *upgradable) signal() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGUSR2))
}

// awaitGeneration waits until the log says that a program of that number runs.
func (s *upgradable) awaitGeneration(n int) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("generation %d", n), func() bool {
		return strings.Contains(s.log.String(), fmt.Sprintf(" generation=%d ", n))
	})
	s.generation = n
}

// proc reads a file that the system has of the process (proc(5)).
func (s *upgradable) proc(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, name))
	require.NoError(s.t, err)
	return string(text)
}

// descriptors counts its open files.
func (s *upgradable) descriptors() int {
	s.t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	require.NoError(s.t, err)
	return len(files)
}

// resident returns how much of its memory is resident, in KiB.
func (s *upgradable) resident() (kib int) {
	s.t.Helper()
	_, rest, found := strings.Cut(s.proc("status"), "VmRSS:")
	require.True(s.t, found)
	_, err := fmt.Sscan(rest, &kib)
	require.NoError(s.t, err)
	return kib
}

// connect connects a client.
func connect(t testing.TB, at string) *client.Conn {
	t.Helper()
	e, err := endpoint.Parse(at)
	require.NoError(t, err)
	k, err := client.Dial(t.Context(), e)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, ignoreEnded(k.Close())) })
	return k
}

func ignoreEnded(err error) error {
	if errors.Is(err, client.ErrEnded) {
		return nil
	}
	return err
}

// rootOf attaches a client to the root.
func rootOf(t testing.TB, k *client.Conn) *client.File {
	t.Helper()
	root, err := k.AttachSelf(t.Context())
	require.NoError(t, err)
	return root
}

// openAt walks from a directory to a path and opens that.
func openAt(t testing.TB, dir *client.File, path string, flags uint32) *client.File {
	t.Helper()
	f, err := dir.OpenFile(t.Context(), flags, strings.Split(path, "/")...)
	require.NoError(t, err)
	return f
}
