package target

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/listing"
	"fullex/tests/serving"
)

// serve runs a server on a unix socket and returns its endpoint.
func serve(t *testing.T) (at string, srv *p9srv.Server) {
	t.Helper()
	srv = &p9srv.Server{}
	return serving.Socket(t, srv), srv
}

// openNamed opens a target by its name, as a user writes it.
func openNamed(ctx context.Context, text string) (Target, error) {
	name, err := ParseName(text)
	if err != nil {
		return nil, err
	}
	return Open(ctx, name)
}

func open(t *testing.T, name string) Target {
	t.Helper()
	target, err := openNamed(t.Context(), name)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, target.Close()) })
	return target
}

func TestNamesOfTargets(t *testing.T) {
	for text, want := range map[string]bool{
		"unix:/run/s": true, "unix:/a,b/s": true, "unix:s,,1": true, "tcp:localhost:5640": true,
		"/mnt": false, "/mnt/a:b": false, "mnt": false, "./a:b": false, ".": false, "": false,
	} {
		name, err := ParseName(text)
		require.NoError(t, err)
		_, isEndpoint := name.Endpoint()
		assert.Equal(t, want, isEndpoint, text)
		assert.Equal(t, text, name.String())
	}
	_, err := ParseName("nosuch:x")
	assert.ErrorContains(t, err, "want unix:PATH")
}

func TestSessionOver9P(t *testing.T) {
	endpoint, srv := serve(t)
	target := open(t, endpoint)
	f, err := target.Open(target.Device(), os.O_RDWR)
	require.NoError(t, err)
	for _, call := range []struct {
		write string
		err   error
	}{
		{"\x02\x00", syscall.EACCES}, {"\x00", syscall.EINVAL}, {"", syscall.EINVAL}, {"\x02", nil},
		{"\x01\x00\x00\x00", nil}, {"\x02\x00\x00\x00", nil}, {"\x04\x00\x00\x00", syscall.EACCES},
	} {
		n, err := f.Write([]byte(call.write))
		if call.err == nil {
			assert.NoError(t, err)
			assert.Equal(t, len(call.write), n)
		} else {
			assert.Equal(t, call.err, err, "%q", call.write)
		}
	}
	p := make([]byte, 4096)
	n, err := f.Read(p)
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 0, 0, 0}, p[:n])
	_, err = f.Read(p[:3])
	assert.Equal(t, syscall.EINVAL, err)
	_, err = target.Open("full_ex", os.O_RDWR)
	assert.ErrorIs(t, err, syscall.EACCES)
	assert.ErrorContains(t, err, "open /full_ex: ")
	require.NoError(t, f.Close())
	assert.Zero(t, srv.Kernel.Sessions())
}

func TestFilesAreReadToTheirEnd(t *testing.T) {
	endpoint, _ := serve(t)
	f, err := open(t, endpoint).Open("/kmsg", os.O_RDONLY)
	require.NoError(t, err)
	var text strings.Builder
	for {
		p := make([]byte, 7)
		n, err := f.Read(p)
		require.NoError(t, err)
		if n == 0 {
			break
		}
		text.Write(p[:n])
	}
	assert.Contains(t, text.String(), "] full_ex: procfile is created\n")
	require.NoError(t, f.Close())
}

func TestListAndStatOver9P(t *testing.T) {
	endpoint, _ := serve(t)
	target := open(t, endpoint)
	var names []string
	entries, err := target.List("/")
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name)
		of, err := target.Stat("/" + e.Name)
		require.NoError(t, err)
		assert.Equal(t, e.Mode.Type(), of.Mode.Type(), e.Name)
		assert.Equal(t, e.Name, of.Name)
		assert.EqualValues(t, os.Geteuid(), of.UID)
	}
	assert.Equal(t, listing.Root(), names)
	device, err := target.Stat("each/full_ex")
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o666), device.Mode)
	for _, path := range []string{"nosuch", "each/nosuch", "nosuch/x", "pid/007"} {
		_, err := target.Stat(path)
		assert.ErrorIs(t, err, syscall.ENOENT, path)
		_, err = target.List(path)
		assert.ErrorIs(t, err, syscall.ENOENT, path)
		_, err = target.Open(path, os.O_RDWR)
		assert.ErrorIs(t, err, syscall.ENOENT, path)
	}
}

func TestAttachesAsTheCaller(t *testing.T) {
	endpoint, srv := serve(t)
	f, err := open(t, endpoint).Open("full_ex", os.O_RDWR)
	require.NoError(t, err)
	sessions := srv.Kernel.All()
	require.Len(t, sessions, 1)
	user := sessions[0].Client().User
	assert.EqualValues(t, os.Geteuid(), user.Claimed)
	assert.EqualValues(t, os.Geteuid(), user.UID)
	assert.True(t, user.Admin, "the server's own user")
	require.NoError(t, f.Close())
}

func TestPathsAreTargets(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "each"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "each", "full_ex"), []byte("abc"), 0o640))
	target := open(t, dir)
	assert.Equal(t, "full_ex", target.Device())
	entries, err := target.List("")
	require.NoError(t, err)
	assert.Equal(t, []Entry{{Name: "each", Mode: fs.ModeDir}}, entries)
	e, err := target.Stat("/each/full_ex")
	require.NoError(t, err)
	assert.Equal(t, "full_ex", e.Name)
	assert.Equal(t, fs.FileMode(0o640), e.Mode)
	assert.EqualValues(t, 3, e.Size)
	f, err := target.Open("each/full_ex", os.O_RDWR)
	require.NoError(t, err)
	p := make([]byte, 8)
	n, err := f.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(p[:n]))
	n, err = f.Read(p)
	assert.NoError(t, err)
	assert.Zero(t, n, "the end")
	require.NoError(t, f.Close())
	_, err = f.Read(p)
	assert.Equal(t, syscall.EBADF, err)
	_, err = target.Open("nosuch", os.O_RDWR)
	assert.ErrorIs(t, err, syscall.ENOENT)

	file := open(t, filepath.Join(dir, "each", "full_ex"))
	f, err = file.Open(file.Device(), os.O_RDONLY)
	require.NoError(t, err, "the target is a device file")
	require.NoError(t, f.Close())
}

func TestDotsInPaths(t *testing.T) {
	for path, want := range map[string][]string{
		"": nil, "/": nil, ".": nil, "..": nil, "./each": {"each"}, "/each/../pid/7/": {"pid", "7"}, "//each//full_ex": {"each", "full_ex"},
	} {
		assert.ElementsMatch(t, want, elements(path), path)
	}
}

func TestPathOfASocketIsAnErrorThatNamesTheEndpoint(t *testing.T) {
	endpoint, _ := serve(t)
	path := strings.TrimPrefix(endpoint, "unix:")
	_, err := openNamed(t.Context(), path)
	assert.EqualError(t, err, path+" is a socket, want "+endpoint)
}

func TestTargetThatCannotBeOpenedIsAnError(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	for name, want := range map[string]string{
		"nosuch:x":                          "want unix:PATH, tcp:HOST:PORT",
		"unix:/nosuch/socket":               "connect to unix:/nosuch/socket: no such file or directory (is fullex serve running there?)",
		"tcp:127.0.0.1:1":                   "connect to tcp:127.0.0.1:1: connection refused",
		"/nosuch":                           "/nosuch: no such file or directory; want an endpoint",
		"tcp:" + silent.Addr().String():     "no answer, is that a 9P server? context canceled",
		"unix:" + strings.Repeat("x", 1000): "a socket's may have 107",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if strings.HasPrefix(name, "tcp:127.0.0.1:") && name != "tcp:127.0.0.1:1" {
			go func() {
				c, err := silent.Accept() // the connection gets no reply
				if err == nil {
					_, _ = c.Read(make([]byte, 100))
					cancel()
					_, _ = io.Copy(io.Discard, c)
					_ = c.Close()
				}
			}()
		}
		_, err := openNamed(ctx, name)
		assert.ErrorContains(t, err, want, name)
		assert.False(t, strings.Contains(err.Error(), "\n"), "one line: %v", err)
		cancel()
	}
}

func TestServerOfAnotherDialectIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		_, readErr := c.Read(make([]byte, 100))
		_, writeErr := c.Write([]byte("\x14\x00\x00\x00\x65\x01\x00\x00\x20\x00\x00\x07\x00unknown"))
		_, _ = io.Copy(io.Discard, c)
		done <- errors.Join(readErr, writeErr, c.Close())
	}()
	_, err = openNamed(t.Context(), "tcp:"+l.Addr().String())
	assert.ErrorContains(t, err, "agree on 9P2000.L: ")
	require.NoError(t, <-done)
	require.NoError(t, l.Close())
}
