package endpoint

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
	"golang.org/x/sys/unix"
)

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

func TestFileThatIsNotASocketIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
	assert.Contains(t, listenError(t, "unix:"+path), "is not a socket")
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

// leftBehind makes a socket on which nobody answers, as a server leaves that was killed.
func leftBehind(t *testing.T, path string) {
	t.Helper()
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	left.SetUnlinkOnClose(false)
	require.NoError(t, left.Close())
	require.FileExists(t, path)
}

// assertAnswers asserts that a connection to e arrives at l.
func assertAnswers(t *testing.T, e Endpoint, l net.Listener) {
	t.Helper()
	client, err := e.Dial(t.Context())
	require.NoError(t, err)
	server, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, server.Close())
	require.NoError(t, client.Close())
}

func TestSocketsWorkInAnyDirectory(t *testing.T) {
	long := strings.Repeat("long/", 60)
	for _, name := range []string{
		"plain", long, "axis=1,os=linux", ",mode=0666", "[x]", "a*b?", `back\slash`, "col:on", "per%25cent",
		"with blank", "new\nline\r\t", "\xff\xfe", "it's \"q\" $HOME `x`", "@name", "-o", long + ",\n\xff",
	} {
		dir := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		path := filepath.Join(dir, "s,1")
		e := Unix(path)
		parsed, err := Parse(e.String())
		require.NoError(t, err, name)
		assert.Equal(t, e, parsed)
		l, err := e.Listen(t.Context())
		require.NoError(t, err, name)
		assert.Equal(t, path, l.Addr().String())
		assertAnswers(t, e, l)
		_, err = e.Listen(t.Context())
		assert.ErrorIs(t, err, syscall.EADDRINUSE, name)
		require.NoError(t, l.Close())
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, files, name)
	}
}

func TestSocketsWorkAtRelativePaths(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("@d", 0o700))
	for _, path := range []string{"s", "@s", "./s", "@d/s", "@d/../s"} {
		e := Unix(path)
		l, err := e.Listen(t.Context())
		require.NoError(t, err, path)
		info, err := os.Lstat(path)
		require.NoError(t, err, "it is not an abstract socket")
		assert.Equal(t, os.ModeSocket, info.Mode().Type())
		assertAnswers(t, e, l)
		require.NoError(t, l.Close())
		assert.NoFileExists(t, path)
	}
	for path, want := range map[string]string{"@d/": "want the path of a socket", "..": "want the path of a socket", "@d": "is not a socket"} {
		_, err := Unix(path).Listen(t.Context())
		assert.ErrorContains(t, err, want, path)
	}
}

// TestServerStartsInALockedDirectory: every user who may read a directory can lock it.
func TestServerStartsInALockedDirectory(t *testing.T) {
	dir := t.TempDir()
	d, err := os.Open(dir)
	require.NoError(t, err)
	defer func() { _ = d.Close() }()
	require.NoError(t, syscall.Flock(int(d.Fd()), syscall.LOCK_EX))
	path := filepath.Join(dir, "s")
	leftBehind(t, path)
	l := listen(t, "unix:"+path)
	assert.Contains(t, listenError(t, "unix:"+path), "a server answers there already")
	assertAnswers(t, Unix(path), l)
}

// startingServer takes the lock as a server does while it makes a socket. goOn releases the
// lock.
func startingServer(t *testing.T, path string) (goOn func()) {
	t.Helper()
	dir, name, err := openSocketDir(path)
	require.NoError(t, err)
	unlock, err := dir.lock(t.Context(), "."+name+".fullex-lock")
	require.NoError(t, err)
	return func() {
		unlock()
		require.NoError(t, dir.close())
	}
}

func TestListenGivesUpWhenItsContextEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	goOn := startingServer(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := Unix(path).Listen(ctx)
		done <- err
	}()
	cancel()
	assert.ErrorIs(t, <-done, context.Canceled)
	goOn()
	listen(t, "unix:"+path)
}

func TestServerStartsWhileAnotherKeepsTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	goOn := startingServer(t, path)
	leftBehind(t, path)
	l := listen(t, "unix:"+path)
	assert.Contains(t, listenError(t, "unix:"+path), "a server answers there already")
	assertAnswers(t, Unix(path), l)
	goOn()
}

func TestLockFileOfAnotherKindIsLeftAlone(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"link":      func(path string) error { return os.Symlink("/dev/null", path) },
		"pipe":      func(path string) error { return unix.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		dir := t.TempDir()
		lock := filepath.Join(dir, ".s.fullex-lock")
		require.NoError(t, put(lock))
		before, err := os.Lstat(lock)
		require.NoError(t, err)
		listen(t, "unix:"+filepath.Join(dir, "s"))
		after, err := os.Lstat(lock)
		require.NoError(t, err, name)
		assert.True(t, os.SameFile(before, after), name)
	}
}

// TestOneOfManyServersGetsTheSocket starts many servers at the same time, at a path where an
// earlier server left its socket.
func TestOneOfManyServersGetsTheSocket(t *testing.T) {
	const many = 20
	path := filepath.Join(t.TempDir(), "s")
	leftBehind(t, path)
	type result struct {
		l   net.Listener
		err error
	}
	results := make(chan result, many)
	for range many {
		go func() {
			l, err := Unix(path).Listen(t.Context())
			results <- result{l, err}
		}()
	}
	var won []net.Listener
	for range many {
		r := <-results
		if r.err != nil {
			assert.ErrorIs(t, r.err, syscall.EADDRINUSE)
			continue
		}
		won = append(won, r.l)
	}
	require.Len(t, won, 1)
	assertAnswers(t, Unix(path), won[0])
	require.NoError(t, won[0].Close())
}

// TestSocketThatAnswersIsPutBack: without the lock, another server may replace a stale socket
// before it is renamed.
func TestSocketThatAnswersIsPutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l := listen(t, "unix:"+path)
	dir, _, err := openSocketDir(path)
	require.NoError(t, err)
	defer func() { _ = dir.close() }()
	require.NoError(t, os.Rename(path, path+".aside"))
	require.NoError(t, dir.putBack("s.aside", "s"))
	assertAnswers(t, Unix(path), l)
	assert.NoFileExists(t, path+".aside")
}

// TestSocketStaysInTheDirectoryThatWasOpened replaces the directory by a link, as another
// user could.
func TestSocketStaysInTheDirectoryThatWasOpened(t *testing.T) {
	base := t.TempDir()
	theirs, moved, secret := filepath.Join(base, "theirs"), filepath.Join(base, "moved"), filepath.Join(base, "secret")
	require.NoError(t, os.Mkdir(theirs, 0o777))
	require.NoError(t, os.Mkdir(secret, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(secret, "s"), []byte("root's"), 0o600))
	l := listen(t, "unix:"+filepath.Join(theirs, "s")+",mode=0666")
	require.NoError(t, os.Rename(theirs, moved))
	require.NoError(t, os.Symlink(secret, theirs))
	require.NoError(t, l.Close())
	assert.NoFileExists(t, filepath.Join(moved, "s"))
	info, err := os.Lstat(filepath.Join(secret, "s"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
}
