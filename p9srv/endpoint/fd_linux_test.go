package endpoint

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestOpenNamesWhatIsWrongWithADescriptor(t *testing.T) {
	for name, c := range map[string]struct {
		open func() (int, error)
		want string
	}{
		"a pipe": {func() (int, error) {
			var fds [2]int
			err := unix.Pipe2(fds[:], unix.O_CLOEXEC)
			t.Cleanup(func() { _ = unix.Close(fds[1]) })
			return fds[0], err
		}, "the descriptor is not a socket"},
		"a path":         {func() (int, error) { return unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0) }, "the descriptor is not a socket"},
		"an eventfd":     {func() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC) }, "the descriptor is not a socket"},
		"netlink":        {func() (int, error) { return unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0) }, "it is not a stream socket"},
		"a TCP socket":   {func() (int, error) { return unix.Socket(unix.AF_INET6, unix.SOCK_STREAM, 0) }, "it neither listens nor is connected"},
		"a UDP socket":   {func() (int, error) { return unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) }, "it is not a stream socket"},
		"a bound socket": {bound, "it neither listens nor is connected"},
	} {
		t.Run(name, func(t *testing.T) {
			fd, err := c.open()
			require.NoError(t, err)
			l, conn, err := FD(fd).Open(t.Context())
			assert.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "\n")
			assert.Nil(t, l)
			assert.Nil(t, conn)
			require.NoError(t, unix.Close(fd), "Open did not close it")
		})
	}
}

// bound returns a TCP socket that is bound but does not listen.
func bound() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, err
	}
	return fd, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
}

func TestInheritedVsockSocketListens(t *testing.T) {
	fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Skip("no vsock here: ", err)
	}
	require.NoError(t, unix.Bind(fd, &unix.SockaddrVM{CID: unix.VMADDR_CID_ANY, Port: unix.VMADDR_PORT_ANY}))
	require.NoError(t, unix.Listen(fd, 1))
	l, _, err := FD(fd).Open(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.Close())
}
