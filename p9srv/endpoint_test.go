package p9srv

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseEndpoint(t *testing.T) {
	for _, test := range []struct {
		text string
		want Endpoint
	}{
		{"unix:/run/x.sock", Endpoint{Network: "unix", Address: "/run/x.sock", Mode: 0o600}},
		{"unix:/run/x.sock,mode=0660", Endpoint{Network: "unix", Address: "/run/x.sock", Mode: 0o660}},
		{"unix:a:b", Endpoint{Network: "unix", Address: "a:b", Mode: 0o600}},
		{"vhost-user:/run/vm", Endpoint{Network: "vhost-user", Address: "/run/vm", Mode: 0o600, Tag: "fullex"}},
		{"vhost-user:/run/vm,tag=deque,mode=0660", Endpoint{Network: "vhost-user", Address: "/run/vm", Mode: 0o660, Tag: "deque"}},
		{"tcp:127.0.0.1:5640", Endpoint{Network: "tcp", Address: "127.0.0.1:5640", Mode: 0}},
		{"tcp::0", Endpoint{Network: "tcp", Address: ":0", Mode: 0}},
		{"tcp:[::1]:5640", Endpoint{Network: "tcp", Address: "[::1]:5640", Mode: 0}},
	} {
		e, err := ParseEndpoint(test.text)
		require.NoError(t, err, test.text)
		assert.Equal(t, test.want, e)
		assert.Equal(t, test.text, e.String())
	}
}

func TestBadEndpointsSayWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "want unix:PATH, tcp:HOST:PORT",
		"/run/x.sock":                      "want unix:PATH, tcp:HOST:PORT",
		"udp:1.2.3.4:5":                    "want unix:PATH, tcp:HOST:PORT",
		"unix:":                            "want unix:PATH",
		"unix:@name":                       "abstract",
		"unix:/x,mode=99":                  "octal",
		"unix:/x,mode=7777":                "octal",
		"unix:/x,mode=":                    "octal",
		"unix:/x,owner=me":                 "want mode=OCTAL",
		"unix:/x,tag=a":                    "want mode=OCTAL",
		"vhost-user:":                      "want vhost-user:PATH",
		"vhost-user:/x,tag=":               "62 letters",
		"vhost-user:/x,tag=a b":            "62 letters",
		"vhost-user:/x,size=1":             "want tag=NAME or mode=OCTAL",
		"unix:" + strings.Repeat("x", 108): "108 bytes",
		"tcp:5640":                         "want tcp:HOST:PORT",
		"tcp:localhost:http":               "number from 0 to 65535",
		"tcp:localhost:65536":              "number from 0 to 65535",
		"tcp:localhost:1,mode=0600":        "has none",
		"vsock:2":                          "want vsock:CID:PORT",
		"vsock:host:1":                     "2 is the host",
		"vsock:2:4294967296":               "a number of 32 bits",
		"vsock:2:1,x":                      "has none",
		"fd:x":                             "want fd:N",
		"fd:-1":                            "want fd:N",
		"fd:03":                            "want fd:N",
		"fd:3,x":                           "has none",
	} {
		_, err := ParseEndpoint(text)
		if assert.Error(t, err, text) {
			assert.Contains(t, err.Error(), want)
		}
	}
}

func listen(t *testing.T, text string) net.Listener {
	t.Helper()
	e, err := ParseEndpoint(text)
	require.NoError(t, err)
	l, err := e.Listen(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func listenError(t *testing.T, text string) string {
	t.Helper()
	e, err := ParseEndpoint(text)
	require.NoError(t, err)
	_, err = e.Listen(t.Context())
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\n", "one line")
	return err.Error()
}

func TestUnixSocketHasItsModeAndIsRemoved(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	for text, mode := range map[string]os.FileMode{"": 0o600, ",mode=0666": 0o666, ",mode=0000": 0} {
		path := filepath.Join(t.TempDir(), "s")
		l := listen(t, "unix:"+path+text)
		info, err := os.Lstat(path)
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm())
		require.NoError(t, l.Close())
		assert.NoFileExists(t, path)
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	left.SetUnlinkOnClose(false)
	require.NoError(t, left.Close())
	require.FileExists(t, path)
	l := listen(t, "unix:"+path)
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NoError(t, l.Close())
	assert.NoFileExists(t, path)
}

func TestSocketInUseIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listen(t, "unix:"+path)
	assert.Contains(t, listenError(t, "unix:"+path), "a server answers there already")
	c, err := net.Dial("unix", path)
	require.NoError(t, err, "it still answers")
	require.NoError(t, c.Close())
}

func TestOtherFilesAreLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
	assert.Contains(t, listenError(t, "unix:"+path), "is no socket")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(content))
}

func TestSocketOfAnotherServerIsNotRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first := listen(t, "unix:"+path)
	require.NoError(t, os.Remove(path)) // by hand
	listen(t, "unix:"+path)
	require.NoError(t, first.Close())
	assert.FileExists(t, path)
}

func TestListenErrorsNameTheEndpoint(t *testing.T) {
	l := listen(t, "tcp:127.0.0.1:0")
	text := "tcp:" + l.Addr().String()
	assert.Equal(t, "listen on "+text+": address already in use", listenError(t, text))
	missing := "unix:" + filepath.Join(t.TempDir(), "no", "s")
	assert.Equal(t, "listen on "+missing+": no such file or directory", listenError(t, missing))
}

func TestListenGivesUpWhenToldTo(t *testing.T) {
	dir := t.TempDir()
	d, err := os.Open(dir)
	require.NoError(t, err)
	defer func() { _ = d.Close() }()
	require.NoError(t, syscall.Flock(int(d.Fd()), syscall.LOCK_EX)) // as a server that starts
	e, err := ParseEndpoint("unix:" + filepath.Join(dir, "s"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := e.Listen(ctx)
		done <- err
	}()
	cancel()
	assert.ErrorIs(t, <-done, context.Canceled)
	require.NoError(t, syscall.Flock(int(d.Fd()), syscall.LOCK_UN))
	listen(t, e.String())
}

func TestDialErrorNamesTheEndpoint(t *testing.T) {
	e := Endpoint{Network: "unix", Address: filepath.Join(t.TempDir(), "none"), Mode: defaultMode}
	_, err := e.Dial(t.Context())
	require.Error(t, err)
	assert.Equal(t, "connect to "+e.String()+": no such file or directory", err.Error())
}
