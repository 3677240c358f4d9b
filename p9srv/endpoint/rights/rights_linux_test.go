package rights

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/endpoint/rights/rightstest"
	"fullex/tests/need"
)

// soon is how long a call may take that does not wait for a slow close.
const soon = rightstest.Linger / 20

// prompt calls do, and fails the test if that waits for a slow close.
func prompt(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(soon):
		t.Fatal("the call waits for a slow close")
	}
}

// listenWithoutControl returns a listener whose connections accept descriptors.
func listenWithoutControl(t *testing.T) *net.UnixListener {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(t.TempDir(), "s")})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func dial(t *testing.T, l *net.UnixListener) *net.UnixConn {
	t.Helper()
	c, err := net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// pair returns both ends of a connection over which descriptors can be sent.
func pair(t *testing.T) (peer, ours *net.UnixConn) {
	t.Helper()
	l := listenWithoutControl(t)
	peer = dial(t, l)
	ours, err := l.AcceptUnix()
	require.NoError(t, err)
	t.Cleanup(func() { _ = ours.Close() })
	return peer, ours
}

// descriptors returns how many descriptors this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// refusing skips the test if the kernel cannot refuse descriptors.
func refusing(t *testing.T) {
	t.Helper()
	_, ours := pair(t)
	require.NoError(t, control(ours, func(fd int) {
		if _, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSRIGHTS); errors.Is(err, unix.ENOPROTOOPT) {
			need.Skip(t, "the kernel has no SO_PASSRIGHTS (Linux 6.16)")
		}
	}))
}

func TestRefusedDescriptorsCannotBeSent(t *testing.T) {
	refusing(t)
	config := net.ListenConfig{Control: Control}
	made, err := config.Listen(t.Context(), "unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	l := NewListener(made.(*net.UnixListener))
	assert.False(t, l.mayCome)
	peer := dial(t, l.UnixListener)
	require.ErrorIs(t, rightstest.NewSlow(t).Send(peer, []byte("before accept")), unix.EPERM)
	_, err = peer.Write([]byte("bytes"))
	require.NoError(t, err)
	ours, err := l.Accept()
	require.NoError(t, err)
	assert.False(t, MayCome(ours))
	assert.Same(t, ours, Guard(ours))
	require.ErrorIs(t, rightstest.NewSlow(t).Send(peer, []byte("after")), unix.EPERM)
	require.NoError(t, errors.Join(ours.Close(), l.Close()))
}

func TestDescriptorSentBeforeTheRefusalMayCome(t *testing.T) {
	l := listenWithoutControl(t)
	peer := dial(t, l)
	require.NoError(t, rightstest.NewSlow(t).Send(peer, []byte("x")))
	listener := NewListener(l)
	assert.True(t, listener.mayCome)
	ours, err := listener.Accept()
	require.NoError(t, err)
	assert.True(t, MayCome(ours))
	prompt(t, func() { assert.NoError(t, Close(ours.(*net.UnixConn))) })
}

func TestOtherConnectionsCarryNoDescriptors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	one, two := net.Pipe()
	for _, c := range []any{l, one, two} {
		assert.False(t, MayCome(c))
		assert.NoError(t, c.(io.Closer).Close())
	}
}

func TestReadTakesBytesAndNoDescriptors(t *testing.T) {
	bytes := func(text string) func(*testing.T, *net.UnixConn) {
		return func(t *testing.T, c *net.UnixConn) {
			_, err := c.Write([]byte(text))
			require.NoError(t, err)
		}
	}
	slow := func(t *testing.T, c *net.UnixConn) {
		s := rightstest.NewSlow(t)
		require.NoError(t, s.Send(c, []byte("slow")))
		s.Wait()
	}
	end := func(t *testing.T, c *net.UnixConn) { require.NoError(t, c.Close()) }
	for name, c := range map[string]struct {
		sent []func(*testing.T, *net.UnixConn)
		want string
		err  error
	}{
		"nothing yet":             {nil, "", unix.EAGAIN},
		"bytes":                   {[]func(*testing.T, *net.UnixConn){bytes("a"), bytes("b")}, "ab", nil},
		"more than the buffer":    {[]func(*testing.T, *net.UnixConn){bytes("0123456789abcdef")}, "0123456789", nil},
		"the end":                 {[]func(*testing.T, *net.UnixConn){end}, "", nil},
		"the end after bytes":     {[]func(*testing.T, *net.UnixConn){bytes("a"), end}, "a", nil},
		"descriptors first":       {[]func(*testing.T, *net.UnixConn){slow, bytes("a")}, "", ErrSent},
		"descriptors after bytes": {[]func(*testing.T, *net.UnixConn){bytes("a"), slow}, "", ErrSent},
	} {
		t.Run(name, func(t *testing.T) {
			peer, ours := pair(t)
			require.NoError(t, control(ours, prepareToLook))
			for _, send := range c.sent {
				send(t, peer)
			}
			before := descriptors(t)
			var n int
			var err error
			p := make([]byte, 10)
			prompt(t, func() { assert.NoError(t, control(ours, func(fd int) { n, err = Read(fd, p) })) })
			assert.Equal(t, c.want, string(p[:n]))
			assert.Equal(t, c.err, err)
			assert.LessOrEqual(t, descriptors(t), before, "Read receives no descriptor")
			prompt(t, func() { assert.NoError(t, Close(ours)) })
		})
	}
}

// TestCredentialsAreNotTakenForDescriptors: an inherited socket may have the option to receive
// credentials.
func TestCredentialsAreNotTakenForDescriptors(t *testing.T) {
	peer, ours := pair(t)
	require.NoError(t, control(ours, func(fd int) {
		assert.NoError(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
		assert.NoError(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEEK_OFF, 1))
	}))
	_, err := peer.Write([]byte("bytes"))
	require.NoError(t, err)
	p := make([]byte, 10)
	n, err := Guard(ours).Read(p)
	require.NoError(t, err)
	assert.Equal(t, "bytes", string(p[:n]))
}

func TestReadAllocatesNothing(t *testing.T) {
	peer, ours := pair(t)
	message, p := []byte("message"), make([]byte, 10)
	require.NoError(t, control(ours, func(fd int) {
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			_, _ = peer.Write(message)
			_, _ = Read(fd, p)
		}))
	}))
}

func TestListenerCloseDoesNotWaitForDescriptorsOfQueuedConnections(t *testing.T) {
	for name, guard := range map[string]func(*net.UnixListener) Listener{"refusing": NewListener, "taking": Taking} {
		t.Run(name, func(t *testing.T) {
			l := listenWithoutControl(t)
			require.NoError(t, rightstest.NewSlow(t).Send(dial(t, l), []byte("x")))
			listener := guard(l)
			accepting := make(chan error, 1)
			go func() {
				first, err := listener.Accept()
				if err == nil {
					err = Close(first.(*net.UnixConn))
				}
				for err == nil {
					_, err = listener.Accept()
				}
				accepting <- err
			}()
			prompt(t, func() {
				assert.NoError(t, listener.Close())
				assert.ErrorIs(t, <-accepting, net.ErrClosed)
			})
		})
	}
}

func TestGuardedConnectionEndsAtDescriptors(t *testing.T) {
	peer, ours := pair(t)
	guarded := Guard(ours)
	require.NotSame(t, ours, guarded)
	_, err := peer.Write([]byte("bytes"))
	require.NoError(t, err)
	p := make([]byte, 10)
	n, err := guarded.Read(p)
	require.NoError(t, err)
	require.Equal(t, "bytes", string(p[:n]))
	_, err = guarded.Write([]byte("reply"))
	require.NoError(t, err)
	require.NoError(t, control(ours, func(fd int) { // like a kernel that cannot refuse
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSRIGHTS, 1)
	}))
	require.NoError(t, rightstest.NewSlow(t).Send(peer, []byte("x")))
	prompt(t, func() {
		_, err := guarded.Read(p)
		assert.ErrorIs(t, err, ErrSent)
		assert.NoError(t, guarded.Close())
		assert.ErrorIs(t, guarded.Close(), net.ErrClosed)
	})
}

func TestClosingAGuardedConnectionEndsItsReadsAndWrites(t *testing.T) {
	peer, ours := pair(t)
	guarded := Guard(ours)
	var using sync.WaitGroup
	using.Go(func() { _, _ = io.Copy(io.Discard, guarded) })
	using.Go(func() { _, _ = io.Copy(guarded, zeros{}) })
	_, err := peer.Write([]byte("bytes"))
	require.NoError(t, err)
	_, err = io.ReadFull(peer, make([]byte, 64<<10)) // the write is running now
	require.NoError(t, err)
	prompt(t, func() {
		assert.NoError(t, guarded.Close())
		using.Wait()
	})
	_, err = guarded.Read(make([]byte, 1))
	assert.ErrorIs(t, err, net.ErrClosed)
}

// zeros is a reader of endless zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestDiscardDoesNotWaitForASlowClose(t *testing.T) {
	memory, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC)
	require.NoError(t, err)
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	require.NoError(t, err)
	for _, fd := range []int{memory, event} {
		assert.False(t, MayWait(fd))
		Discard(fd, nil)
		assert.True(t, MayWait(fd), "it is closed")
	}
	peer, ours := pair(t)
	require.NoError(t, rightstest.NewSlow(t).Send(peer, []byte("x")))
	control := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := ours.ReadMsgUnix(make([]byte, 1), control)
	require.NoError(t, err)
	messages, err := unix.ParseSocketControlMessage(control[:n])
	require.NoError(t, err)
	fds, err := unix.ParseUnixRights(&messages[0])
	require.NoError(t, err)
	assert.True(t, MayWait(fds[0]))
	prompt(t, func() { Discard(fds[0], nil) })
}
