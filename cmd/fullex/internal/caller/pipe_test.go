package caller

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/target"
	"fullex/p9srv"
	"fullex/tests/serving"
)

// pipes start Work at the other end of each kind of pipe.
var pipes = map[string]func(*testing.T) *Process{
	"standard input and output of a process": func(t *testing.T) *Process {
		p, err := startWorker()
		require.NoError(t, err)
		return p
	},
	"net.Pipe": func(t *testing.T) *Process {
		near, far := net.Pipe()
		return workAt(t, near, far)
	},
	"socket pair": func(t *testing.T) *Process {
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		require.NoError(t, err)
		return workAt(t, connOf(t, fds[0]), connOf(t, fds[1]))
	},
}

func connOf(t *testing.T, fd int) net.Conn {
	t.Helper()
	f := os.NewFile(uintptr(fd), "socket")
	conn, err := net.FileConn(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return conn
}

// workAt runs Work at the far end until the near end is closed, as in a guest.
func workAt(t *testing.T, near, far net.Conn) *Process {
	t.Helper()
	worked := make(chan error, 1)
	go func() { worked <- Work(far, far, workerCommand()) }()
	t.Cleanup(func() {
		_ = near.Close() // an error: the test has closed it
		require.NoError(t, <-worked)
		require.NoError(t, far.Close())
	})
	return Over(near, near)
}

func named(t *testing.T, text string) target.Name {
	t.Helper()
	name, err := target.ParseName(text)
	require.NoError(t, err)
	return name
}

// outcomes makes calls at a target and returns the result of each as text.
func outcomes(t *testing.T, at target.Target) (all []string) {
	t.Helper()
	add := func(call string, result ...any) { all = append(all, fmt.Sprintf("%s: %#v", call, result)) }
	note := func(call string, n int, err error) {
		errno, _ := errors.AsType[syscall.Errno](err)
		add(call, n, fmt.Sprint(err), errno)
	}
	entries, err := at.List("/")
	require.NoError(t, err)
	add("list", at.Device(), len(entries), entries[0].Name, entries[0].Mode)
	e, err := at.Stat("each/full_ex")
	e.Modified = e.Modified.UTC()
	add("stat", e, err)
	_, err = at.Stat("nosuch")
	note("stat", 0, err)
	_, err = at.Open("each", os.O_RDWR)
	note("open", 0, err)
	f, err := at.Open("each/full_ex", os.O_RDWR)
	require.NoError(t, err)
	for _, p := range []string{"", "\x02", "\x01\x00\x00\x00", "\x02\x00\x00\x00", "\x04\x00\x00\x00"} {
		n, err := f.Write([]byte(p))
		note("write", n, err)
	}
	for _, size := range []int{0, 3, 4, 4096, 4} {
		p := make([]byte, size)
		n, err := f.Read(p)
		note("read", n, err)
		add("data", p[:n])
	}
	n, err := f.(target.Placed).WriteAt([]byte{6, 0, 0, 0}, 1<<40)
	note("pwrite", n, err)
	p := make([]byte, 4)
	n, err = f.(target.Placed).ReadAt(p, 7)
	note("pread", n, err)
	add("data", p)
	note("close", 0, f.Close())
	_, err = f.Read(p)
	note("read", 0, err)
	return all
}

// TestCallsOverAnyPipeReturnTheSame compares calls at a server with those over a pipe. They
// are made by the first process and by one that was started over the pipe.
func TestCallsOverAnyPipeReturnTheSame(t *testing.T) {
	srv := &p9srv.Server{}
	name := named(t, serving.Socket(t, srv))
	direct, err := target.Open(t.Context(), name)
	require.NoError(t, err)
	want := outcomes(t, direct)
	require.NoError(t, direct.Close())
	for by, open := range pipes {
		t.Run(by, func(t *testing.T) {
			first := open(t)
			second, err := first.Start()
			require.NoError(t, err)
			third, err := second.Start()
			require.NoError(t, err)
			for _, p := range []*Process{third, first} {
				at, err := p.At(name)
				require.NoError(t, err)
				assert.Equal(t, want, outcomes(t, at))
				require.NoError(t, at.Close())
				_, err = at.Open("full_ex", os.O_RDWR)
				assert.EqualError(t, err, errEnded.Error())
				require.NoError(t, at.Close(), "a second close")
			}
			assert.NoError(t, second.Close(), "it has ended with the first")
		})
	}
	assert.Eventually(t, func() bool { return srv.Kernel.Sessions() == 0 }, endTime, pollTime)
}

func TestErrorOfAMissingTargetPassesAnyPipe(t *testing.T) {
	for by, open := range pipes {
		_, want := target.Open(t.Context(), named(t, "/nosuch"))
		_, err := open(t).At(named(t, "/nosuch"))
		assert.EqualError(t, err, want.Error(), by)
		assert.ErrorIs(t, err, syscall.ENOENT, by)
	}
}

// TestCallsByPathOverAnyPipe makes the calls that take a path, at an ordinary file.
func TestCallsByPathOverAnyPipe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "full_ex")
	for by, open := range pipes {
		require.NoError(t, os.WriteFile(file, []byte("content"), 0o640))
		at, err := open(t).At(named(t, filepath.Dir(file)))
		require.NoError(t, err)
		m := at.(target.Mounted)
		n, err := m.Nature("full_ex")
		assert.NoError(t, err, by)
		assert.Equal(t, target.Nature{Path: file, Content: 7}, n, by)
		before, err := m.Stat("full_ex")
		require.NoError(t, err)
		require.NoError(t, os.Chtimes(file, before.Modified.AddDate(-1, 0, 0), before.Modified.AddDate(-1, 0, 0)))
		require.NoError(t, m.Touch("full_ex"), by)
		require.NoError(t, m.Truncate("full_ex"), by)
		after, err := m.Stat("full_ex")
		require.NoError(t, err)
		assert.Zero(t, after.Size, by)
		assert.WithinDuration(t, before.Modified, after.Modified, endTime*10, by)
		assert.ErrorIs(t, m.Truncate("nosuch"), syscall.ENOENT, by)
		require.NoError(t, at.Close())
	}
}

func TestWorkRepliesToImpossibleRequests(t *testing.T) {
	for by, open := range pipes {
		p := open(t)
		for _, r := range []request{
			{Op: opOpen}, {Op: opRead, Handle: 9}, {Op: "nosuch"}, {Op: opTarget, Path: "nosuch:x"},
		} {
			_, err := p.ask(r)
			assert.Error(t, err, "%s: %s", by, r.Op)
			_, err = (&Process{p.pipe, []int{4}}).ask(r)
			assert.EqualError(t, err, errNoChild.Error(), by)
		}
		require.NoError(t, p.Close())
	}
	assert.ErrorContains(t, Work(strings.NewReader("nonsense"), &strings.Builder{}, nil), "read a request: ")
}

func TestReplyThatIsNotJSONEndsTheProcess(t *testing.T) {
	near, far := net.Pipe()
	p := Over(near, near)
	go func() {
		_, _ = far.Read(make([]byte, 1000)) // the request
		_, _ = far.Write([]byte("nonsense"))
	}()
	_, err := p.Start()
	assert.Equal(t, errEnded, err)
	require.NoError(t, p.Close())
	require.NoError(t, far.Close())
}
