//go:build linux

package tests

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/bench/echo"
)

// roleVariable is the environment variable that gives a process of the test binary a role and
// its arguments. A role is a server, an attack on one, or another process of play.
const roleVariable = "FULLEX_TEST_ROLE"

func TestMain(m *testing.M) {
	role := strings.Fields(os.Getenv(roleVariable))
	if len(role) == 0 {
		status := m.Run()
		if roles.path != "" {
			_ = os.RemoveAll(filepath.Dir(roles.path)) // if that fails, the rest is in the temporary folder
		}
		for _, dir := range []string{commandDir, programsDir} {
			_ = os.RemoveAll(dir) // as above; "" removes nothing
		}
		os.Exit(status)
	}
	if err := play(role); err != nil {
		fmt.Fprintln(os.Stderr, role, err)
		os.Exit(1)
	}
}

// play plays a role until it ends or fails.
func play(role []string) error {
	switch role[0] {
	case "fullex":
		return playServer(role[1])
	case "echo":
		return echo.ServeGoroutines(role[1])
	case "guide":
		return playGuide(role[1], role[2])
	case "call":
		return playCaller(role[1], role[2])
	case "candidate":
		return playCandidate(role[1])
	default:
		return attack(role[0], role[1])
	}
}

// playServer serves at a socket until its input ends. For each line of input it prints its
// number of goroutines and of sessions.
func playServer(socket string) error {
	srv := &p9srv.Server{Kernel: newKernel()}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(runtime.NumGoroutine(), srv.Kernel.Sessions())
	}
	return srv.Close()
}

// roles is the binary of these tests, built without the race detector. The detector changes
// rates and memory.
var roles struct {
	build sync.Once
	path  string
	err   error
}

// rolesPath builds roles at the first call and returns its path. TestMain removes it.
func rolesPath(t testing.TB) string {
	t.Helper()
	roles.build.Do(func() {
		var dir string
		dir, roles.err = os.MkdirTemp("", "fullex-roles")
		if roles.err != nil {
			return
		}
		roles.path = filepath.Join(dir, "roles")
		var out []byte
		out, roles.err = exec.Command("go", "test", "-c", "-o", roles.path, ".").CombinedOutput()
		if roles.err != nil {
			roles.err = fmt.Errorf("build: %w: %s", roles.err, out)
		}
	})
	require.NoError(t, roles.err)
	return roles.path
}

// process is a process that plays a role.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startRole starts a process with a role and its arguments. The end of the test kills it.
func startRole(t testing.TB, role ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(rolesPath(t))}
	p.cmd.Env = append(os.Environ(), roleVariable+"="+strings.Join(role, " "))
	if role[0] != "echo" { // echo prints a line for every connection that breaks
		p.cmd.Stderr = os.Stderr
	}
	var err error
	p.in, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.out = bufio.NewReader(out)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.kill)
	return p
}

// startServer starts a server in a role and waits until it accepts connections.
func startServer(t testing.TB, role, socket string) *process {
	t.Helper()
	p := startRole(t, role, socket)
	eventually(t, role+" answers", func() bool {
		c, err := net.Dial("unix", socket)
		return err == nil && c.Close() == nil
	})
	return p
}

// startAttack starts an attack and waits until it is under way.
func startAttack(t testing.TB, name, socket string) *process {
	t.Helper()
	p := startRole(t, name, socket)
	_, err := p.out.ReadString('\n')
	require.NoError(t, err)
	return p
}

// kill kills the process, unless it has ended, and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// state returns the server's number of goroutines and of sessions, and the largest resident
// memory that it has had, in bytes (VmHWM, proc(5)).
func (p *process) state(t testing.TB) (goroutines, sessions, peak int) {
	t.Helper()
	_, err := fmt.Fprintln(p.in, "state")
	require.NoError(t, err)
	line, err := p.out.ReadString('\n')
	require.NoError(t, err)
	_, err = fmt.Sscan(line, &goroutines, &sessions)
	require.NoError(t, err)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	require.True(t, found)
	_, err = fmt.Sscan(rest, &peak)
	require.NoError(t, err)
	return goroutines, sessions, peak << 10
}
