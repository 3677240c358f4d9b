package shell

import (
	"bytes"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/caller"
	"fullex/cmd/fullex/internal/target"
	"fullex/p9srv"
	"fullex/tests/serving"
)

// start returns a shell at a server of its own, the output of the shell, and the server.
func start(t *testing.T) (*Shell, *bytes.Buffer, *p9srv.Server) {
	t.Helper()
	return startAt(t, func(name target.Name) (target.Target, error) { return target.Open(t.Context(), name) })
}

// startAt is start with a target that open opens.
func startAt(t *testing.T, open func(target.Name) (target.Target, error)) (*Shell, *bytes.Buffer, *p9srv.Server) {
	t.Helper()
	srv := &p9srv.Server{}
	name, err := target.ParseName(serving.Socket(t, srv))
	require.NoError(t, err)
	tree, err := open(name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tree.Close()) })
	var out bytes.Buffer
	return New(tree, &out), &out, srv
}

// TestConversation runs a script. It compares what each line prints. An error follows "!".
func TestConversation(t *testing.T) {
	s, out, srv := start(t)
	converse(t, s, out)
	assert.Zero(t, srv.Kernel.Sessions())
}

// TestConversationOverAPipe runs the script with the calls made at the other end of a pipe.
func TestConversationOverAPipe(t *testing.T) {
	near, far := net.Pipe()
	worked := make(chan error, 1)
	go func() { worked <- caller.Work(far, far, nil) }()
	s, out, srv := startAt(t, caller.Over(near, near).At)
	converse(t, s, out)
	assert.Zero(t, srv.Kernel.Sessions())
	require.NoError(t, near.Close())
	require.NoError(t, <-worked)
}

func converse(t *testing.T, s *Shell, out *bytes.Buffer) {
	t.Helper()
	for _, step := range []struct{ line, want string }{
		{"", ""},
		{"# a comment", ""},
		{"pop", "! pop: nothing is open, see open"},
		{"push 1", "! push: 1: nothing is open, see open"},
		{"close", "! close: nothing is open, see open"},
		{"open", ""},
		{"pop", "! pop: EACCES: there is no value, or no capacity yet"},
		{"push 1", "! push: 1: EACCES: there is no room, or no capacity yet"},
		{"init 0", "! init: EINVAL: the capacity is 1..100, and is set once"},
		{"init 256", `! init: "256": want a number that fits a byte, 0..255`},
		{"init", "! init: want init N"},
		{"  init 3  ", ""},
		{"init 3", "! init: EINVAL: the capacity is 1..100, and is set once"},
		{"push", "! push: want push N..."},
		{"push 1 x", `! push: "x": want a number from -2147483648 to 2147483647`},
		{"push 2147483648", `! push: "2147483648": want a number from -2147483648 to 2147483647`},
		{"push 1 2 -3 4", "! push: 4: EACCES: there is no room, or no capacity yet"},
		{"pop 2", "-3\n1\n"},
		{"read 3", "! read: EINVAL: a value has four bytes, and a shorter read pops none"},
		{"read 4096", "4: 02 00 00 00\n"},
		{"write 0a0b", "! write: EINVAL: the device takes one byte first, 1..100, and then four at a time"},
		{"write", "! write: EINVAL: the device takes one byte first, 1..100, and then four at a time"},
		{"write 0a 00 0", `! write: "0a 00 0": want bytes in hexadecimal, such as 0a 00 00 00`},
		{"write 0x", `! write: "0x": want bytes in hexadecimal, such as 0a 00 00 00`},
		{"write 0a 00 00 00", "4\n"},
		{"read", "4: 0a 00 00 00\n"},
		{"read 0", "! read: EINVAL: a value has four bytes, and a shorter read pops none"},
		{"read 4 4", "! read: want read [COUNT]"},
		{"read 9999999999", `! read: "9999999999": want a number from 0 to 1048576`},
		{"pop -1", `! pop: "-1": want a number from 0 to 2147483647`},
		{"open", "! open: EACCES: this client has it open already; try each/full_ex or pid/N/full_ex"},
		{"push 8", ""},
		{"open each/full_ex", ""},
		{"pop", "! pop: EACCES: there is no value, or no capacity yet"},
		{"open kmsg", ""},
		{"init 5", "! init: EBADF: bad file descriptor"},
		{"open minimal_proc_lkm", ""},
		{"write", "! write: EINVAL: invalid argument"},
		{"write 6f6b", "2\n"},
		{"read", "! read: EIO: input/output error"},
		{"open ./each/../each/full_ex", ""},
		{"open nosuch", "! open: ENOENT: no such file, or its module is not loaded"},
		{"open a b", "! open: want open [PATH]"},
		{"nonsense", "! nonsense: no such command, see help"},
		{"close now", "! close: want close"},
		{"close", ""},
	} {
		out.Reset()
		quit, err := s.Do(step.line)
		got := out.String()
		if err != nil {
			got += "! " + err.Error()
		}
		assert.Equal(t, step.want, got, step.line)
		assert.False(t, quit, step.line)
	}
}

func TestUnloadedModule(t *testing.T) {
	s, _, srv := start(t)
	_, err := s.Do("open")
	require.NoError(t, err)
	require.NoError(t, srv.Kernel.Unload("full_ex"))
	for _, line := range []string{"init 5", "push 1", "pop", "write 05"} {
		_, err = s.Do(line)
		assert.ErrorContains(t, err, "EIO: the module was unloaded", line)
	}
	_, err = s.Do("close")
	assert.NoError(t, err)
}

func TestQuitThenCloseClosesTheFile(t *testing.T) {
	for _, line := range []string{"quit", "exit"} {
		s, _, srv := start(t)
		_, err := s.Do("open pid/7/full_ex")
		require.NoError(t, err)
		assert.Equal(t, 1, srv.Kernel.Sessions())
		quit, err := s.Do(line)
		require.NoError(t, err)
		assert.True(t, quit)
		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "nothing is open")
		assert.Zero(t, srv.Kernel.Sessions())
	}
}

func TestHelpNamesEveryWord(t *testing.T) {
	s, out, _ := start(t)
	_, err := s.Do("help")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, len(Words()))
	for i, word := range Words() {
		assert.True(t, strings.HasPrefix(lines[i], word), lines[i])
	}
	_, err = s.Do("help me")
	assert.Error(t, err)
}

// full is an output on a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestResultThatCannotBePrintedEndsTheShell(t *testing.T) {
	s, _, _ := start(t)
	s.out.w = full{}
	for _, line := range []string{"open", "init 5", "push 7"} {
		_, err := s.Do(line)
		require.NoError(t, err)
	}
	quit, err := s.Do("pop")
	assert.True(t, quit)
	assert.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, s.Close())
}

func TestEndOfTheServerIsAnError(t *testing.T) {
	s, _, srv := start(t)
	_, err := s.Do("open")
	require.NoError(t, err)
	require.NoError(t, srv.Close())
	_, err = s.Do("init 5")
	assert.EqualError(t, err, "init: the connection to the server has ended")
	require.NoError(t, s.Close())
}
