package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// service is a long-running command, with what a test needs to see how it is.
type service struct {
	cmd    *exec.Cmd
	socket string // "": it has none
	works  func() bool
	left   func() bool // reports whether something of it is left; nil: look for the socket
	status int         // exit status after a signal; -1: 128 plus the number of the signal
}

// services returns a function for each long-running command, which makes it but does not
// start it.
func services(t *testing.T) map[string]func(t *testing.T) *service {
	t.Helper()
	return map[string]func(t *testing.T) *service{
		"serve": func(t *testing.T) *service {
			socket := filepath.Join(t.TempDir(), "s")
			return listening(command(t, "serve", "--trace", "--listen", "unix:"+socket), socket)
		},
		"trace": func(t *testing.T) *service {
			server, _ := serveHere(t)
			socket := filepath.Join(t.TempDir(), "s")
			return listening(command(t, "trace", "--listen", "unix:"+socket, server), socket)
		},
		"vhost-user-9p": func(t *testing.T) *service {
			socket := filepath.Join(t.TempDir(), "s")
			s := listening(command(t, "vhost-user-9p", "--socket-path", socket), socket)
			s.works = func() bool {
				conn, err := net.Dial("unix", socket)
				if err != nil {
					return false
				}
				require.NoError(t, speaks9P(t, conn.(*net.UnixConn)).Close())
				return true
			}
			return s
		},
		"mount": func(t *testing.T) *service {
			needFUSE(t)
			dir := t.TempDir()
			t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }) // only for a test that failed
			works := func() bool {
				_, err := os.Stat(filepath.Join(dir, "full_ex"))
				return err == nil
			}
			left := func() bool { // also true for a dead mount
				_, err := os.Stat(dir)
				return works() || err != nil
			}
			return &service{cmd: command(t, "mount", dir), works: works, left: left}
		},
		"run": func(t *testing.T) *service {
			r := newRuns(t)
			cmd := r.command("--log-level", "debug", "--", "sh", "-c", `echo "$FULLEX_ADDR" > "$XDG_RUNTIME_DIR/new"; mv "$XDG_RUNTIME_DIR/new" "$XDG_RUNTIME_DIR/address"; exec sleep 600`)
			address := filepath.Join(r.dir, "address")
			works := func() bool {
				text, err := os.ReadFile(address)
				return err == nil && answers(string(text[len("unix:"):len(text)-1]))
			}
			left := func() bool {
				_ = os.Remove(address) // the run did not make it
				return r.left() != ""
			}
			return &service{cmd: cmd, works: works, left: left, status: -1}
		},
	}
}

// listening returns a service that listens at a socket.
func listening(cmd *exec.Cmd, socket string) *service {
	return &service{cmd: cmd, socket: socket, works: func() bool { return answers(socket) }}
}

// answers reports whether a server at a socket agrees on a version.
func answers(socket string) bool {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte(versionRequest)); err != nil {
		return false
	}
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return false
	}
	n, err := c.Read(make([]byte, 100))
	return err == nil && n == 21
}

// start starts the service and waits until it works.
func (s *service) start(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Start())
	require.Eventually(t, s.works, 20*time.Second, 5*time.Millisecond, "it works")
}

// wantEnd waits for the end of the service, which must come in time, with the right status,
// and leave nothing.
func (s *service) wantEnd(t *testing.T, signal syscall.Signal) {
	t.Helper()
	want := s.status
	if want < 0 {
		want = 128 + int(signal) // the status of its command
	}
	assert.Equal(t, want, endOf(t, s.cmd))
	if s.left == nil {
		assert.NoFileExists(t, s.socket)
		return
	}
	assert.Eventually(t, func() bool { return !s.left() }, 10*time.Second, 5*time.Millisecond, "nothing is left")
}

// endOf returns the status of a command that ends within the promised time, and -1
// otherwise.
func endOf(t *testing.T, cmd *exec.Cmd) (status int) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return statusOf(t, err)
	case <-time.After(promised):
		_ = cmd.Process.Kill() // it may have ended now
		<-ended
		return -1
	}
}

// badOutputs returns the write ends of three pipes: a full one, a full one that is
// non-blocking, and one without a reader.
func badOutputs(t *testing.T) map[string]*os.File {
	t.Helper()
	full, nonblocking, gone := pipeTo(t), pipeTo(t), pipeTo(t)
	fill(t, full.w)
	fill(t, nonblocking.w)
	require.NoError(t, syscall.SetNonblock(int(full.w.Fd()), false))
	require.NoError(t, syscall.SetNonblock(int(nonblocking.w.Fd()), true))
	require.NoError(t, gone.r.Close())
	return map[string]*os.File{"full": full.w, "nonblocking": nonblocking.w, "gone": gone.w}
}

type pipe struct{ r, w *os.File }

func pipeTo(t *testing.T) pipe {
	t.Helper()
	var fds [2]int
	require.NoError(t, syscall.Pipe2(fds[:], syscall.O_CLOEXEC))
	p := pipe{os.NewFile(uintptr(fds[0]), "read end"), os.NewFile(uintptr(fds[1]), "write end")}
	t.Cleanup(func() {
		_, _ = p.r.Close(), p.w.Close() // some are closed already
	})
	return p
}

// fill writes to a pipe until it is full.
func fill(t *testing.T, w *os.File) {
	t.Helper()
	require.NoError(t, syscall.SetNonblock(int(w.Fd()), true))
	for {
		_, err := syscall.Write(int(w.Fd()), []byte{'.'})
		if errors.Is(err, syscall.EAGAIN) {
			return
		}
		require.NoError(t, err)
	}
}

// TestServiceDoesNotNeedItsReaders gives each service outputs that nobody reads.
func TestServiceDoesNotNeedItsReaders(t *testing.T) {
	t.Parallel()
	for name, service := range services(t) {
		for how := range badOutputs(t) {
			t.Run(name+" "+how, func(t *testing.T) {
				s := service(t)
				outputs := badOutputs(t)
				s.cmd.Stderr = outputs[how]
				if name != "trace" { // trace needs a reader of its standard output
					s.cmd.Stdout = outputs[how]
				}
				s.start(t)
				for range 20 { // each logs lines
					require.True(t, s.works())
				}
				require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
				s.wantEnd(t, syscall.SIGTERM)
			})
		}
	}
}

// TestLogGoesOnWhenItsReaderDoes does not read the log until lines are missing.
func TestLogGoesOnWhenItsReaderDoes(t *testing.T) {
	s := services(t)["serve"](t)
	log := pipeTo(t)
	s.cmd.Stderr = log.w
	s.start(t)
	c, err := net.Dial("unix", s.socket)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	for range 15_000 { // their trace lines fill the queue and the pipe
		_, err := c.Write([]byte(versionRequest))
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 21))
		require.NoError(t, err)
	}
	lines := bufio.NewReader(log.r)
	until(t, lines, `level=ERROR msg="log lines are missing: nobody read them in time" lines=`)
	rest := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(lines)
		rest <- string(text)
	}()
	require.True(t, s.works())
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.wantEnd(t, syscall.SIGTERM)
	require.NoError(t, log.w.Close()) // the last write end
	assert.Contains(t, <-rest, "msg=stopping")
}

// until reads lines up to one that has a text.
func until(t *testing.T, lines *bufio.Reader, text string) {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		require.NoError(t, err, "before %q", text)
		if strings.Contains(line, text) {
			return
		}
	}
}

// TestTraceEndsWithItsReader wants status 0; other programs in a pipe end by SIGPIPE.
func TestTraceEndsWithItsReader(t *testing.T) {
	s := services(t)["trace"](t)
	s.cmd.Stdout = badOutputs(t)["gone"]
	require.NoError(t, s.cmd.Start())
	s.wantEnd(t, 0)
}

// TestSignalsEndServicesInOrder sends each of the signals, among them that of a closed
// terminal.
func TestSignalsEndServicesInOrder(t *testing.T) {
	for name, service := range services(t) {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
			t.Run(name+" "+signal.String(), func(t *testing.T) {
				s := service(t)
				s.start(t)
				require.NoError(t, s.cmd.Process.Signal(signal))
				s.wantEnd(t, signal)
			})
		}
	}
}

// TestServiceWithoutATerminalGoesOn starts each service as nohup(1) does.
func TestServiceWithoutATerminalGoesOn(t *testing.T) {
	for name, service := range services(t) {
		t.Run(name, func(t *testing.T) {
			s := service(t)
			s.cmd.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`}, s.cmd.Args...)
			sh, err := exec.LookPath("sh")
			require.NoError(t, err)
			s.cmd.Path = sh
			s.start(t)
			status, err := os.ReadFile("/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/status")
			require.NoError(t, err)
			assert.Regexp(t, `(?m)^SigIgn:\s+[0-9a-f]*[13579bdf]$`, string(status))
			require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
			require.True(t, s.works())
			require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
			s.wantEnd(t, syscall.SIGTERM)
		})
	}
}
