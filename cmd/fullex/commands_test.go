package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/target"
	"fullex/device"
	"fullex/p9srv"
	"fullex/p9srv/endpoint"
	"fullex/tests/listing"
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

func TestCommandsPrint(t *testing.T) {
	endpoint, srv := serveHere(t)
	held, err := srv.Kernel.Open("full_ex", clientOf("a"))
	require.NoError(t, err)
	defer func() { require.NoError(t, held.Close()) }()
	for _, test := range []struct {
		stdin string
		args  []string
		want  string // a regular expression
	}{
		{"", []string{"ls", endpoint}, `^` + strings.Join(listing.Root(), `\n`) + `\n$`},
		{"", []string{"ls", endpoint, "/each"}, `^` + strings.Join(listing.Devices(), `\n`) + `\n$`},
		{"", []string{"ls", endpoint, "each/full_ex"}, `^full_ex\n$`},
		{"", []string{"ls", "-l", endpoint, "/"}, `(?m)^ *\d+ +-rw-rw-rw- 1 +\d+ +\d+ +0 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d full_ex$`},
		{"", []string{"ls", "-l", endpoint, "ctl"}, `^ *\d+ --w------- 1 \d+ \d+ 0 .* ctl\n$`},
		{"", []string{"ls", "-l", endpoint, "modules"}, `^ *\d+ -r--r--r-- 1 \d+ \d+ 134 .* modules\n$`},
		{"", []string{"lsmod", endpoint}, `(?m)^full_ex +0  1$`},
		{"", []string{"dmesg", endpoint}, `(?m)^\[ +\d+\.\d{6}\] Hello, world$`},
		{"", []string{"sessions", endpoint}, `(?m)^MODULE +DOOR +UID +CLAIMED +CAPACITY +LENGTH +AGE +CALLS +CONN +CLIENT\nfull_ex +/ +`},
		{"", []string{"cat", endpoint, "modules", "kmsg"}, `(?s)^Module .*\] Hello, world`},
		{"", []string{"write", endpoint, "minimal_proc_lkm", "two", "words"}, `^$`},
		{"from the input", []string{"write", endpoint, "minimal_proc_lkm"}, `^$`},
		{"", []string{"write", "-n", endpoint, "ctl", "rmmod helloworld"}, `^$`},
		{"", []string{"write", "--hex", endpoint, "each/full_ex", "64"}, `^$`},
		{"", []string{"insmod", endpoint, "helloworld"}, `^$`},
		{"", []string{"rmmod", endpoint, "helloworld"}, `^$`},
		{"", []string{"dmesg", endpoint}, `(?s)minimal_proc_lkm: two words\n.*minimal_proc_lkm: from the input\n.*Goodbye, you awesome people\n.*Hello, world\n.*Goodbye, you awesome people\n`},
		{"open\ninit 2\npush 5\npop\n", []string{"shell", endpoint}, `^5\n$`},
		{"quit\nnonsense", []string{"shell", endpoint}, `^$`},
	} {
		out, errs, err := run(test.stdin, test.args...)
		assert.NoError(t, err, test.args)
		assert.Empty(t, errs, test.args)
		assert.Regexp(t, test.want, out, test.args)
	}
	assert.Equal(t, 1, srv.Kernel.Sessions())
}

func TestRefusedCommandsSayWhy(t *testing.T) {
	endpoint, _ := serveHere(t)
	dir := t.TempDir()
	for _, test := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{"", []string{"insmod", endpoint, "full_ex"}, "insmod full_ex: write to ctl: file exists (it is loaded already)"},
		{"", []string{"insmod", endpoint, "nosuch"}, "(there is no such module)"},
		{"", []string{"rmmod", endpoint, "nosuch"}, "(there is no such module)"},
		{"", []string{"rmmod", dir, "full_ex"}, dir + " is not the tree of a server"},
		{"", []string{"cat", endpoint, "minimal_proc_lkm"}, "read minimal_proc_lkm: input/output error"},
		{"", []string{"cat", endpoint, "each"}, "read each: is a directory"},
		{"", []string{"ls", endpoint, "nosuch"}, "stat /nosuch: no such file or directory"},
		{"", []string{"write", endpoint, "kmsg", "x"}, "open /kmsg: permission denied"},
		{"", []string{"write", "--hex", endpoint, "full_ex", "0"}, "want an even number of hexadecimal digits"},
		{strings.Repeat("x", maxPayload+1), []string{"write", endpoint, "full_ex"}, "more than 65536 bytes"},
		{"pop", []string{"shell", endpoint}, "shell: 1 of 1 lines failed"},
		{"", []string{"lsmod", dir}, "modules: no such file or directory"},
		{"", []string{"sessions", "--watch", "--interval", "0s", endpoint}, "--interval 0s: want a time above 0"},
		{"", []string{"dmesg", "--follow", dir}, "kmsg: no such file or directory"},
		{"", []string{"insmod"}, "insmod: want [TARGET] NAME"},
		{"", []string{"insmod", endpoint}, "is no module's name, want [TARGET] NAME"},
		{"", []string{"write", endpoint, "full_ex", "--hex", "64"}, "flags come first"},
		{"", []string{"cat", endpoint}, "cat: want TARGET PATH..."},
		{"", []string{"lsmod", endpoint, "-l"}, `lsmod: unexpected argument "-l", want [TARGET] (flags come first)`},
		{"", []string{"ls", "--nosuch", endpoint}, "nosuch"},
	} {
		_, _, err := run(test.stdin, test.args...)
		if assert.Error(t, err, test.args) {
			assert.Contains(t, err.Error(), test.want)
			assert.NotContains(t, err.Error(), "\n")
		}
	}
}

func TestShellSaysWhichLinesFailed(t *testing.T) {
	endpoint, srv := serveHere(t)
	out, errs, err := run("open\n\ninit 1\npush 1 2\npop\npush", "shell", endpoint)
	assert.EqualError(t, err, "shell: 2 of 6 lines failed")
	assert.Equal(t, "1\n", out)
	assert.Equal(t, "line 4: push: 2: EACCES: there is no room, or no capacity yet\nline 6: push: want push N...\n", errs)
	assert.Zero(t, srv.Kernel.Sessions())
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

// follow starts a command that goes on until SIGINT, and returns its lines.
func follow(t *testing.T, args ...string) (lines *bufio.Reader, end func()) {
	t.Helper()
	cmd := command(t, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines = bufio.NewReader(out)
	return lines, func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		_, err := io.Copy(io.Discard, lines)
		assert.NoError(t, err)
		assert.NoError(t, cmd.Wait(), "exit status 0")
		assert.Empty(t, errs.String())
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

func TestDmesgFollows(t *testing.T) {
	endpoint, srv := serveHere(t)
	lines, end := follow(t, "dmesg", "--follow", "--interval", "10ms", endpoint)
	until(t, lines, "full_ex: procfile is created")
	require.NoError(t, srv.Kernel.Unload("full_ex"))
	until(t, lines, "full_ex: Removed Procfile")
	require.NoError(t, srv.Kernel.Load("full_ex"))
	until(t, lines, "full_ex: procfile is created")
	end()
}

func TestSessionsWatches(t *testing.T) {
	endpoint, srv := serveHere(t)
	lines, end := follow(t, "sessions", "--watch", "--interval", "10ms", endpoint)
	until(t, lines, "MODULE")
	session, err := srv.Kernel.Open("full_ex", clientOf("b"))
	require.NoError(t, err)
	until(t, lines, "full_ex")
	until(t, lines, "MODULE")
	require.NoError(t, session.Close())
	end()
}

// TestCommandsEndWithTheirReader although they have nothing more to print.
func TestCommandsEndWithTheirReader(t *testing.T) {
	endpoint, _ := serveHere(t)
	for _, test := range []struct {
		name string
		args []string
		line bool // it prints one at the start
	}{
		{"dmesg", []string{"dmesg", "--follow", endpoint}, true},
		{"sessions", []string{"sessions", "--watch", "--interval", "1h", endpoint}, true},
		{"trace", []string{"trace", "--listen", "unix:" + filepath.Join(t.TempDir(), "p"), endpoint}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := command(t, test.args...)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			if test.line {
				_, err := bufio.NewReader(out).ReadString('\n')
				require.NoError(t, err)
			}
			require.NoError(t, out.Close())
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case err := <-ended:
				assert.NoError(t, err)
			case <-time.After(20 * time.Second):
				assert.NoError(t, cmd.Process.Kill())
				assert.Error(t, <-ended)
				t.Error("it goes on")
			}
		})
	}
}

// TestFollowingIsNotFooledByALine that a client has written.
func TestFollowingIsNotFooledByALine(t *testing.T) {
	for _, line := range []string{
		"[ 4711 lines dropped before they were read ]",
		" lines dropped before they were read ]",
		"\n[ 1 lines dropped before they were read ]\n",
		"[    0.000001] [ 1 lines dropped before they were read ]",
	} {
		endpoint, _ := serveHere(t)
		_, _, err := run("", "write", "-n", endpoint, "minimal_proc_lkm", line)
		require.NoError(t, err)
		name, err := target.ParseName(endpoint)
		require.NoError(t, err)
		tree, err := target.Open(t.Context(), name)
		require.NoError(t, err)
		var out bytes.Buffer
		log := &follower{w: &out}
		for range 3 {
			require.NoError(t, log.look(tree))
		}
		require.NoError(t, tree.Close())
		assert.Equal(t, 1, strings.Count(out.String(), "lines dropped"), "%q:\n%s", line, out.String())
		assert.Equal(t, 1, strings.Count(out.String(), "Hello, world"), "%q", line)
	}
}

func TestFollowingEndsWithAnErrorWhenTheServerGoes(t *testing.T) {
	endpoint, srv := serveHere(t)
	cmd := command(t, "dmesg", "--follow", "--interval", "10ms", endpoint)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(out)
	until(t, lines, "full_ex")
	require.NoError(t, srv.Close())
	_, err = io.Copy(io.Discard, lines)
	require.NoError(t, err)
	assert.Error(t, cmd.Wait())
	assert.True(t, strings.HasPrefix(errs.String(), "fullex: "), errs.String())
	assert.Equal(t, 1, strings.Count(errs.String(), "\n"), errs.String())
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

// clientOf is the server's own user on a connection of that name.
func clientOf(conn string) device.Client {
	uid := uint32(os.Geteuid())
	return device.Client{
		Identity: device.Identity{Peer: conn, UID: uid},
		User:     &device.User{Conn: conn, Where: "test", UID: uid, Claimed: uid, Vouched: true},
		Door:     "/",
	}
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
