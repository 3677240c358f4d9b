package main

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/endpoint"
	"fullex/tests/listing"
)

// TestMain makes the test binary the command itself when a test asks for it,
// so that signals and exit statuses are the real ones.
func TestMain(m *testing.M) {
	isWorker := len(os.Args) == 2 && os.Args[1] == workerName // of a check within a test
	if isWorker || os.Getenv("FULLEX_TEST_AS_COMMAND") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "FULLEX_TEST_AS_COMMAND=1")
	return cmd
}

// running is a serve that has said where it listens.
type running struct {
	cmd    *exec.Cmd
	lines  []string
	stderr bytes.Buffer
}

// startServe starts serve and reads the lines it prints for n endpoints.
func startServe(t *testing.T, n int, args ...string) *running {
	t.Helper()
	r := &running{cmd: command(t, append([]string{"serve"}, args...)...)}
	r.cmd.Stderr = &r.stderr
	stdout, err := r.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, r.cmd.Start())
	for in := bufio.NewScanner(stdout); len(r.lines) < 2*n && in.Scan(); {
		r.lines = append(r.lines, in.Text())
	}
	require.Len(t, r.lines, 2*n)
	return r
}

func TestServeSaysWhereItListensAndHowToMountIt(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	r := startServe(t, 2, "--listen", "unix:"+socket+",mode=0660", "--listen", "tcp:127.0.0.1:0")
	defer func() { require.NoError(t, r.cmd.Process.Kill()) }()
	assert.Equal(t, "listening on unix:"+socket+",mode=0660", r.lines[0])
	assert.Equal(t, "  mount it (as root): mount -t 9p -o trans=unix,version=9p2000.L,noxattr "+socket+" /mnt", r.lines[1])
	address := strings.TrimPrefix(r.lines[2], "listening on tcp:")
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	assert.Equal(t, "  mount it (as root): mount -t 9p -o trans=tcp,port="+port+",version=9p2000.L,noxattr 127.0.0.1 /mnt", r.lines[3])
	for network, address := range map[string]string{"unix": socket, "tcp": address} {
		c, err := net.Dial(network, address)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
}

// TestWhatServeSaysCanBeCopied has a shell take the line apart.
func TestWhatServeSaysCanBeCopied(t *testing.T) {
	for text, want := range map[string]string{
		"unix:/run/s,mode=0660": "unix:/run/s,mode=0660", "unix:/it's a,b/\n$x,,y": "unix:/it's a,b/\n$x,,y", "fd:3": "fd:3",
	} {
		e, err := endpoint.Parse(text)
		require.NoError(t, err)
		out, err := exec.Command("sh", "-c", "printf %s "+toCopy(e)).Output()
		require.NoError(t, err)
		assert.Equal(t, want, string(out))
	}
	assert.Equal(t, "tcp:[::1]:5640", toCopy(endpoint.TCP("::1", 5640)))
}

func TestBlanksAreOfThePath(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s ")
	r := startServe(t, 1, "--listen", "unix:"+socket)
	defer func() { require.NoError(t, r.cmd.Process.Kill()) }()
	assert.Equal(t, "listening on 'unix:"+socket+"'", r.lines[0])
	c, err := net.Dial("unix", socket)
	require.NoError(t, err)
	require.NoError(t, c.Close())
}

func TestSignalsEndServeWithinTwoSeconds(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		socket := filepath.Join(t.TempDir(), "s")
		r := startServe(t, 1, "--listen", "unix:"+socket)
		c, err := net.Dial("unix", socket)
		require.NoError(t, err)
		// A peer that sends and never reads, and so must be cut.
		go func() {
			for err == nil {
				_, err = c.Write(bytes.Repeat([]byte("\x0b\x00\x00\x00\x78\x01\x00\x63\x00\x00\x00"), 1000))
			}
		}()
		start := time.Now()
		require.NoError(t, r.cmd.Process.Signal(signal))
		assert.NoError(t, r.cmd.Wait(), "exit status 0")
		assert.Less(t, time.Since(start), 2*time.Second)
		assert.NoFileExists(t, socket)
		require.NoError(t, c.Close())
	}
}

func TestBadUseIsOneLineAndAStatus(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	notMine := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(notMine, nil, 0o600))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"serve", "--listen", "nonsense"}, "want unix:PATH, tcp:HOST:PORT"},
		{[]string{"serve", "--listen", "tcp:" + taken.Addr().String()}, "address already in use"},
		{[]string{"serve", "--listen", "unix:" + notMine}, "is not a socket"},
		{[]string{"serve", "--listen", "unix:/proc/x"}, "listen on unix:/proc/x: "},
		{[]string{"serve", "--listen", "tcp:nosuchhost.invalid:1"}, "nosuchhost.invalid"},
		{[]string{"serve", "--identity", "all"}, "want user or peer"},
		{[]string{"serve", "--log-level", "loud"}, "want debug, info, warn or error"},
		{[]string{"serve", "--log-format", "xml"}, "want text or json"},
		{[]string{"serve", "--module", "nosuch"}, "want " + strings.Join(listing.Modules(), ", ")},
		{[]string{"serve", "--module", "full_ex", "--module", "full_ex"}, "--module full_ex: given twice"},
		{[]string{"serve", "--max-conns", "-1"}, "--max-conns -1: want a number from 0"},
		{[]string{"serve", "--max-guests", "-1"}, "--max-guests -1: want a number from 0"},
		{[]string{"serve", "--max-sessions", "-1"}, "--max-sessions -1: want a number from 0"},
		{[]string{"serve", "--max-fids", "many"}, "many"},
		{[]string{"serve", "--idle-timeout", "-5s"}, "--idle-timeout -5s: want a time such as 30s"},
		{[]string{"serve", "--write-timeout", "5"}, "write-timeout"},
		{[]string{"serve", "--nosuchflag"}, "nosuchflag"},
		{[]string{"serve", "--listen"}, "listen"},
		{[]string{"serve", "argument"}, "unexpected argument"},
		{[]string{"serve", "--listen", "tcp:127.0.0.1:0", "--listen", "fd:5"}, "take over fd:5: no such descriptor is open"},
		{[]string{"serve", "--listen", "fd:5", "--listen", "fd:5"}, "fd:5"},
		{[]string{"demo", "argument"}, "unexpected argument"},
		{[]string{"nosuchcommand"}, "no command"},
		{[]string{"--nosuchflag"}, "nosuchflag"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			out, err := command(t, test.args...).CombinedOutput()
			assert.Error(t, err, "exit status not 0")
			text := string(out)
			assert.True(t, strings.HasPrefix(text, "fullex: "), text)
			assert.Equal(t, 1, strings.Count(text, "\n"), text)
			assert.Contains(t, text, test.want)
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	for want, args := range map[string][]string{
		"serve":     {"--help"},
		"--listen":  {"serve", "--help"},
		"fullex ":   {"--version"},
		"COMMANDS:": {},
	} {
		out, err := command(t, args...).Output()
		assert.NoError(t, err, args)
		assert.Contains(t, string(out), want)
	}
}

func TestTraceIsALineAMessage(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	r := startServe(t, 1, "--listen", "unix:"+socket, "--trace", "--log-format", "json", "--log-level", "warn")
	c, err := net.Dial("unix", socket)
	require.NoError(t, err)
	_, err = c.Write([]byte("\x15\x00\x00\x00\x64\xff\xff\x00\x20\x00\x00\x08\x009P2000.L"))
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 100))
	require.NoError(t, err)
	require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, r.cmd.Wait())
	assert.Contains(t, r.stderr.String(), `"message":"conn 1 Tversion tag 65535 msize 8192 version \"9P2000.L\""`)
	assert.Contains(t, r.stderr.String(), `"message":"conn 1 Rversion tag 65535 msize 8192 version \"9P2000.L\""`)
}

func TestListenerReachableFromOutsideIsAnnounced(t *testing.T) {
	r := startServe(t, 1, "--listen", "tcp:0.0.0.0:0")
	assert.Contains(t, r.lines[1], "THIS-MACHINE")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
	done := make(chan error, 1)
	go func() { done <- r.cmd.Wait() }()
	select {
	case err := <-done:
		assert.NoError(t, err)
	case <-ctx.Done():
		t.Fatal("does not end")
	}
	assert.Contains(t, r.stderr.String(), "whoever reaches this address is let in")
}

// TestSignalEndsAServeThatStillStarts: another server of this user is about to make
// the same socket.
func TestSignalEndsAServeThatStillStarts(t *testing.T) {
	dir := t.TempDir()
	lock, err := os.Create(filepath.Join(dir, ".s.fullex-lock"))
	require.NoError(t, err)
	defer func() { _ = lock.Close() }()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	cmd := command(t, "serve", "--listen", "unix:"+filepath.Join(dir, "s"), "--log-level", "debug")
	var out bytes.Buffer
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	cmd.Stdout = &out
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(stderr).ReadString('\n') // it has started
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	start := time.Now()
	assert.NoError(t, cmd.Wait())
	assert.Less(t, time.Since(start), 2*time.Second)
	assert.Empty(t, out.String())
}

// TestInheritedConnectionIsServedToItsEnd starts serve with a connected socket,
// as inetd does; it ends with the peer.
func TestInheritedConnectionIsServedToItsEnd(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	for _, fd := range pair {
		syscall.CloseOnExec(fd) // else serve would have both ends
	}
	theirs := os.NewFile(uintptr(pair[0]), "theirs")
	ours := os.NewFile(uintptr(pair[1]), "ours")
	cmd := command(t, "serve", "--listen", "fd:3", "--log-level", "error")
	cmd.ExtraFiles = []*os.File{theirs}
	require.NoError(t, cmd.Start())
	require.NoError(t, theirs.Close())
	_, err = ours.WriteString("\x15\x00\x00\x00\x64\xff\xff\x00\x20\x00\x00\x08\x009P2000.L")
	require.NoError(t, err)
	n, err := ours.Read(make([]byte, 100))
	require.NoError(t, err)
	assert.Equal(t, 21, n)
	require.NoError(t, ours.Close())
	assert.NoError(t, cmd.Wait(), "exit status 0")
}
