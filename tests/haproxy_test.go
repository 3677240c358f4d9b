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
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/tests/guide"
	"fullex/tests/need"
)

// fleet is three servers, each a process, and HAProxy in front of them.
type fleet struct {
	t       *testing.T
	address net.Addr // of HAProxy
	admin   string   // HAProxy's socket
	servers map[string]*fleetServer
}

// fleetServer is a process of the command.
type fleetServer struct {
	cmd     *exec.Cmd
	address string // of TCP
	socket  string // where root sees all sessions
}

// startFleet starts servers with the flags given, and HAProxy with the configuration of
// the guide, in which changes are made: pairs of old and new, as for strings.NewReplacer.
func startFleet(t *testing.T, flags []string, changes ...string) *fleet {
	t.Helper()
	haproxy := program(t, "haproxy")
	dir := t.TempDir()
	f := &fleet{t: t, admin: filepath.Join(dir, "admin"), servers: map[string]*fleetServer{}}
	changes = append(changes, "    user haproxy\n    group haproxy\n", "", "/run/haproxy/admin.sock", f.admin)
	for i, name := range []string{"one", "two", "three"} {
		s := startFleetServer(t, filepath.Join(dir, name), flags)
		f.servers[name] = s
		changes = append(changes, fmt.Sprintf("192.0.2.1%d:5640", i+1), s.address)
	}
	f.address = freeAddress(t)
	changes = append(changes, "192.0.2.10:5640", f.address.String())
	config := filepath.Join(dir, "haproxy.cfg")
	require.NoError(t, os.WriteFile(config, []byte(changed(t, fleetConfig(t), changes)), 0o600))
	startProcess(t, exec.Command(haproxy, "-db", "-f", config), nil)
	eventually(t, "HAProxy has found all servers", func() bool { return strings.Count(f.ask("show stat"), ",UP,") == 4 })
	return f
}

// fleetConfig is HAProxy's configuration as the guide has it.
func fleetConfig(t *testing.T) string {
	t.Helper()
	blocks, err := guide.Read("../cmd/fullex/doc/machines.md")
	require.NoError(t, err)
	for _, b := range blocks {
		if name, _ := b.Value("file"); name == "haproxy.cfg" {
			return b.Text
		}
	}
	require.FailNow(t, "the guide has no haproxy.cfg")
	return ""
}

// changed makes every change, each of which must be one.
func changed(t *testing.T, text string, changes []string) string {
	t.Helper()
	for i := 0; i < len(changes); i += 2 {
		require.Contains(t, text, changes[i])
	}
	return strings.NewReplacer(changes...).Replace(text)
}

// freeAddress is one of this machine at which nobody listens.
func freeAddress(t *testing.T) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr()
}

func startFleetServer(t *testing.T, socket string, flags []string) *fleetServer {
	t.Helper()
	path, err := fullexCommand()
	require.NoError(t, err)
	flags = append([]string{"serve", "--log-level", "warn", "--listen", "tcp:127.0.0.1:0", "--listen", "unix:" + socket}, flags...)
	out, in := io.Pipe()
	s := &fleetServer{cmd: exec.Command(path, flags...), socket: socket}
	startProcess(t, s.cmd, in)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, out) }() // to the process's end
	_, err = fmt.Sscanf(line, "listening on tcp:%s", &s.address)
	require.NoError(t, err, line)
	return s
}

// startProcess starts a process that is killed with the test.
func startProcess(t *testing.T, cmd *exec.Cmd, out io.WriteCloser) {
	t.Helper()
	if out != nil {
		cmd.Stdout = out
	}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		if out != nil {
			_ = out.Close()
		}
	})
}

// ask gives a command to HAProxy and returns what it answers.
func (f *fleet) ask(command string) string {
	c, err := net.Dial("unix", f.admin)
	if err != nil {
		return "" // not yet there
	}
	defer func() { _ = c.Close() }()
	_, err = fmt.Fprintln(c, command)
	require.NoError(f.t, err)
	answer, err := io.ReadAll(c)
	require.NoError(f.t, err)
	return string(answer)
}

// status is what HAProxy thinks of a server, such as UP.
func (f *fleet) status(server string) string {
	for line := range strings.Lines(f.ask("show stat")) {
		if fields := strings.Split(line, ","); len(fields) > 17 && fields[0] == "machines" && fields[1] == server {
			return fields[17] // HAProxy's management.txt, section 9.1
		}
	}
	return ""
}

// fleetClient is a connection with an open deque that has one value.
type fleetClient struct {
	conn  net.Conn
	file  p9.File
	value int32
	at    string // the name of its server
}

// connect connects a client and finds out where it is.
func (f *fleet) connect(v int32) *fleetClient {
	f.t.Helper()
	before := f.sessions()
	c := &fleetClient{conn: dial(f.t, f.address), value: v}
	c.file = mustOpen(f.t, attachOn(f.t, c.conn, ""), "full_ex")
	write(f.t, c.file, []byte{100})
	write(f.t, c.file, value(v))
	for name, n := range f.sessions() {
		if n > before[name] {
			c.at = name
		}
	}
	require.NotEmpty(f.t, c.at)
	return c
}

// sessions is how many each server has that lives and is not stopped.
func (f *fleet) sessions() map[string]int {
	f.t.Helper()
	path, err := fullexCommand()
	require.NoError(f.t, err)
	counts := map[string]int{}
	for name, s := range f.servers {
		if s == nil {
			continue
		}
		out, err := exec.Command(path, "sessions", "unix:"+s.socket).Output()
		require.NoError(f.t, err)
		counts[name] = strings.Count(string(out), "\n") - 1
	}
	return counts
}

// keepsItsValue takes the value out and puts it back.
func (c *fleetClient) keepsItsValue(t *testing.T) {
	t.Helper()
	assert.Equal(t, c.value, readValue(t, c.file), "at server %s", c.at)
	write(t, c.file, value(c.value))
}

// connectSix connects two clients for each server.
func (f *fleet) connectSix() (clients []*fleetClient) {
	f.t.Helper()
	for v := range int32(6) {
		clients = append(clients, f.connect(v))
	}
	require.Equal(f.t, map[string]int{"one": 2, "two": 2, "three": 2}, f.sessions())
	return clients
}

func TestServerBehindHAProxyThatDiesEndsOnlyItsOwnSessions(t *testing.T) {
	f := startFleet(t, nil)
	clients := f.connectSix()
	dead := clients[0].at
	require.NoError(t, f.servers[dead].cmd.Process.Kill())
	_ = f.servers[dead].cmd.Wait()
	f.servers[dead] = nil
	for _, c := range clients {
		if c.at != dead {
			c.keepsItsValue(t)
			continue
		}
		_, err := c.file.ReadAt(make([]byte, 4), 0)
		assert.Error(t, err, "its server is gone")
	}
	for v := range int32(4) {
		f.connect(v).keepsItsValue(t)
	}
}

func TestServerBehindHAProxyThatIsDrainedKeepsItsSessionsAndGetsNoNewOnes(t *testing.T) {
	f := startFleet(t, nil)
	clients := f.connectSix()
	f.ask("set server machines/one state drain")
	for v := range int32(4) {
		clients = append(clients, f.connect(v))
	}
	assert.Equal(t, map[string]int{"one": 2, "two": 4, "three": 4}, f.sessions())
	for _, c := range clients {
		c.keepsItsValue(t)
	}
	f.ask("set server machines/one state ready")
	assert.Equal(t, "one", f.connect(9).at, "which has the fewest")
}

func TestServerBehindHAProxyThatHangsGetsNoNewSessionsAndItsOwnGoOn(t *testing.T) {
	f := startFleet(t, nil, "inter 2s", "inter 100ms")
	clients := f.connectSix()
	name, stopped := clients[0].at, f.servers[clients[0].at]
	require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGSTOP))
	eventually(t, "HAProxy notices", func() bool { return f.status(name) == "DOWN" })
	f.servers[name] = nil
	for v := range int32(4) {
		f.connect(v).keepsItsValue(t)
	}
	f.servers[name] = stopped
	require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGCONT))
	for _, c := range clients {
		c.keepsItsValue(t)
	}
	eventually(t, "HAProxy notices", func() bool { return f.status(name) == "UP" })
}

// TestHAProxyKeepsIdleSessionsForItsTunnelTime: the time-outs of client and server do not
// apply, and the servers' probes do not count as traffic.
func TestHAProxyKeepsIdleSessionsForItsTunnelTime(t *testing.T) {
	probing := []string{"--keepalive", "4s"} // a probe a second
	t.Run("24d", func(t *testing.T) {
		t.Parallel()
		f := startFleet(t, probing, "timeout client 1m", "timeout client 1s", "timeout server 1m", "timeout server 1s")
		c := f.connect(7)
		<-time.After(3 * time.Second) // three times what would end it
		c.keepsItsValue(t)
	})
	t.Run("3s", func(t *testing.T) {
		t.Parallel()
		f := startFleet(t, probing, "timeout tunnel 24d", "timeout tunnel 3s")
		c := f.connect(7)
		c.keepsItsValue(t)
		eventually(t, "its session is gone", func() bool { return f.sessions()[c.at] == 0 })
	})
}

// TestHAProxyNoticesAClientThatVanished: see vanish. The server hears of it by HAProxy.
func TestHAProxyNoticesAClientThatVanished(t *testing.T) {
	need.Root(t)
	f := startFleet(t, nil, "clitcpka-idle 45s", "clitcpka-idle 1s", "clitcpka-intvl 45s", "clitcpka-intvl 1s")
	c := f.connect(7)
	vanish(t, c.conn)
	eventually(t, "its session is freed", func() bool { return f.sessions()[c.at] == 0 })
}

// TestMountBehindHAProxyComesBackAtAnotherServer: what was open stays lost.
func TestMountBehindHAProxyComesBackAtAnotherServer(t *testing.T) {
	f := startFleet(t, nil)
	m := mountFUSE(t, "--reconnect", "tcp:"+f.address.String())
	open, err := os.OpenFile(m.path("full_ex"), os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = open.Close() }) // its server is gone
	for name, n := range f.sessions() {
		if n == 1 {
			require.NoError(t, f.servers[name].cmd.Process.Kill())
			f.servers[name] = nil
		}
	}
	_, err = open.Read(make([]byte, 4))
	require.ErrorIs(t, err, syscall.EIO)
	eventually(t, "the mount is there again", func() bool {
		again, err := os.OpenFile(m.path("each/full_ex"), os.O_RDWR, 0)
		return err == nil && again.Close() == nil
	})
}
