package main

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/p9srv/endpoint"
	"fullex/tests/need"
	"fullex/tests/serving"
)

// serveHere runs a server in this process and returns its endpoint.
func serveHere(t *testing.T) (at string, srv *p9srv.Server) {
	t.Helper()
	kernel, err := kernelWith(nil, planting{})
	require.NoError(t, err)
	srv = &p9srv.Server{Kernel: kernel}
	return serving.Socket(t, srv), srv
}

// run runs a command within this process.
func run(stdin string, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = newApp(strings.NewReader(stdin), &out, &errs).Run(append([]string{"fullex"}, args...))
	return out.String(), errs.String(), err
}

func TestCompletion(t *testing.T) {
	assert.Equal(t, []string{"push", "pop"}, complete("p"))
	assert.Empty(t, complete("push 1"))
}

func TestNewLinesOfALog(t *testing.T) {
	for _, test := range []struct {
		name      string
		seen, now string
		fresh     string
		missed    bool
	}{
		{"first look", "", "ab", "ab", false},
		{"nothing new", "ab", "ab", "", false},
		{"new at the end", "ab", "abc", "c", false},
		{"old ones gone", "abc", "bcd", "d", false},
		{"all but one gone", "abc", "cde", "de", false},
		{"all gone", "abc", "def", "def", true},
		{"gone from the middle", "abcd", "adef", "ef", false},
		{"gone from the end", "abcd", "abef", "ef", false},
		{"gone everywhere", "abcdef", "bdgh", "gh", false},
		{"emptied", "abc", "", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			split := func(s string) []string { return strings.Split(s, "")[:len(s)] }
			fresh, missed := newLines(split(test.seen), split(test.now))
			assert.Equal(t, test.fresh, strings.Join(fresh, ""))
			assert.Equal(t, test.missed, missed)
		})
	}
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

func TestTargetWhenNoneIsNamed(t *testing.T) {
	const user = 4_000_000
	need.Root(t)
	dir := filepath.Join(t.TempDir(), "axis=1,os=linux")
	require.NoError(t, os.Mkdir(dir, 0o700))
	t.Setenv("XDG_RUNTIME_DIR", dir)
	assert.Equal(t, defaultTCP, defaultTarget(user))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fullex.sock"), nil, 0o600))
	assert.Equal(t, defaultTCP, defaultTarget(user), "the directory is somebody else's")
	require.NoError(t, os.Chown(dir, user, -1))
	assert.Equal(t, endpoint.Unix(filepath.Join(dir, "fullex.sock")), defaultTarget(user))
}

func TestMountCommand(t *testing.T) {
	const options = "version=9p2000.L,noxattr"
	here, err := os.Getwd()
	require.NoError(t, err)
	for text, want := range map[string]string{
		"unix:/run/s":        "mount -t 9p -o trans=unix," + options + " /run/s /mnt",
		"unix:/a b/it's":     "mount -t 9p -o trans=unix," + options + ` '/a b/it'\''s' /mnt`,
		"unix:s":             "mount -t 9p -o trans=unix," + options + " " + here + "/s /mnt",
		"tcp:127.0.0.1:5640": "mount -t 9p -o trans=tcp,port=5640," + options + " 127.0.0.1 /mnt",
		"tcp:0.0.0.0:99":     "mount -t 9p -o trans=tcp,port=99," + options + " THIS-MACHINE /mnt",
		"tcp:[::1]:5640":     "fullex mount --v9fs 'tcp:[::1]:5640' /mnt",
		"vsock:any:5640":     "fullex mount --v9fs vsock:2:5640 /mnt (in a guest of this machine)",
		"fd:3":               "ask whoever opened the socket for its address",
	} {
		e, err := endpoint.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, mountLine(t.Context(), e, "/mnt"))
	}
}
