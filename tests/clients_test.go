//go:build linux

package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/listing"
	"fullex/tests/locked"
)

// program returns the path of a program that is not ours: in PATH, in /usr/sbin or in the
// cache folder of tests/run. A test without it is skipped, or fails if FULLEX_REQUIRE_ALL
// is 1.
func program(t testing.TB, name string) string {
	t.Helper()
	places := []string{name, "/usr/sbin/" + name}
	if cache, err := os.UserCacheDir(); err == nil {
		places = append(places, filepath.Join(cache, "fullex", "bin", name))
	}
	for _, place := range places {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	if os.Getenv("FULLEX_REQUIRE_ALL") == "1" && !testing.Short() {
		t.Fatalf("no %s on this machine (tests/run installs it)", name)
	}
	t.Skipf("no %s on this machine; tests/run installs it", name)
	return ""
}

// ending is what a program wrote and the exit status with which it ended.
type ending struct {
	out, errors string
	status      int
}

// run runs the program that program finds, to its end. It fails the test if that hangs.
func run(t *testing.T, name string, args ...string) ending {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name), args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	require.NoError(t, ctx.Err(), "%s %q hangs", name, args)
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return ending{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// Regular expressions for what diod's tools print of a directory of devices and of modules.
// diodls prints names in the order of the server, which is not sorted.
var (
	devices = `((` + strings.Join(listing.Devices(), "|") + `)\n)` + fmt.Sprintf("{%d}", len(listing.Devices()))
	lsmod   = `Module +Size +Used by\n` + strings.Join(listing.Modules(), ` +0 +0\n`) + ` +0 +0\n`
)

const (
	booted = `\[ +\d+\.\d{6}\] Hello, world\n.*Hello procfile is created\n.*full_ex: procfile is created\n`
	noCtl  = `error attaching to aname='?ctl'?: Not a directory\n`
)

// diodRuns are commands of diod's tools. out and errors are regular expressions for all that
// a tool writes.
var diodRuns = []struct{ command, out, errors, status string }{
	{"diodls -a /", `each\npid\nctl\nkmsg\nmodules\nsessions\n` + devices, ``, "0"},
	{"diodls -a /each", devices, ``, "0"},
	{"diodls -a / pid/7 nosuch", `pid/7:\n` + devices + `\n`, `diodls: nosuch: No such file or directory\n`, "1"},
	// With -l diodls also walks to "." and "..". The server leaves these names to clients.
	{"diodls -l -a /each", strings.Replace(devices, "(", `(-rw-rw-rw-\. +1 .* `, 1), `diodls: npc_walk \.\n: Invalid argument\ndiodls: npc_walk \.\.\n: Invalid argument\n`, "0"},

	{"diodcat -a / modules", lsmod, ``, "0"},
	{"diodcat -a / modules kmsg", lsmod + booted + `(.*\n)*`, ``, "0"},
	{"diodcat -a / sessions", `MODULE DOOR UID .*\n`, ``, "0"},
	{"diodcat -a / full_ex", ``, `diodcat: read full_ex: Permission denied\n`, "1"},
	{"diodcat -a / each/full_ex", ``, `diodcat: read each/full_ex: Permission denied\n`, "1"},
	{"diodcat -a /pid/7 full_ex", ``, `diodcat: read full_ex: Permission denied\n`, "1"},
	{"diodcat -a / minimal_proc_lkm", ``, `diodcat: read minimal_proc_lkm: Input/output error\n`, "1"},
	{"diodcat -a / ctl", ``, `diodcat: open ctl: Permission denied\n`, "1"},
	{"diodcat -a / each", ``, `diodcat: read each: Is a directory\n`, "1"},
	{"diodcat -a / nosuch", ``, `diodcat: open nosuch: No such file or directory\n`, "1"},
	{"diodcat -a /nosuch modules", ``, `diodcat: error attaching to aname='/nosuch': No such file or directory\n`, "1"},

	// These tools attach to "ctl", the files that diod exports about itself.
	{"diodls", ``, `diodls: ` + noCtl, "1"},
	{"diodshowmount", ``, `diodshowmount: ` + noCtl, "1"},
	{"dioddate", ``, `dioddate: ` + noCtl, "0"},
	{"diodload -n 2 -r 1", `(diodload: 0 ops/s.*\n)?`, `(diodload: (` + noCtl + `|0 ops/s.*\n)){2,3}`, "0"},
}

func TestDiodToolsReadAndReportRefusals(t *testing.T) {
	srv := &p9srv.Server{Kernel: newKernel()}
	for _, addr := range []net.Addr{serve(t, srv), serveTCPOf(t, srv)} {
		for _, test := range diodRuns {
			t.Run(addr.Network()+" "+test.command, func(t *testing.T) {
				words := strings.Fields(test.command)
				ended := run(t, words[0], append([]string{"-s", addr.String()}, words[1:]...)...)
				assert.Regexp(t, `^`+test.out+`$`, ended.out)
				assert.Regexp(t, `^`+test.errors+`$`, ended.errors)
				assert.Equal(t, test.status, strconv.Itoa(ended.status))
				eventually(t, "the tool's session ends", func() bool { return srv.Kernel.Sessions() == 0 })
			})
		}
	}
}

// TestDiodcatReadsALongTextToItsEnd uses the smallest msize, so that diodcat needs several
// reads.
func TestDiodcatReadsALongTextToItsEnd(t *testing.T) {
	srv := &p9srv.Server{Kernel: newKernel()}
	addr := serve(t, srv)
	for range 300 {
		require.NoError(t, srv.Kernel.Unload("full_ex"))
		require.NoError(t, srv.Kernel.Load("full_ex"))
	}
	want := speak(t, dial(t, addr), "NOUID").read("kmsg")
	require.Greater(t, len(want), 5*4096)
	ended := run(t, "diodcat", "-m", "4096", "-s", addr.String(), "-a", "/", "kmsg")
	assert.Equal(t, ending{out: want}, ended)
}

// TestMountDiodDoesAllButTheMountCall: mount.diod connects, asks whether it must
// authenticate, and passes the connection to Linux. With -f it omits the last step.
func TestMountDiodDoesAllButTheMountCall(t *testing.T) {
	srv := &p9srv.Server{}
	unix := serve(t, srv)
	tcp := serveTCPOf(t, srv)
	program(t, "mount.diod")
	if os.Geteuid() != 0 {
		t.Skip("mount.diod wants root")
	}
	for options, host := range map[string]string{
		"aname=/,port=" + strconv.Itoa(tcp.(*net.TCPAddr).Port): "127.0.0.1",
		"aname=/": unix.String(),
	} {
		ended := run(t, "mount.diod", "-f", "-n", "-o", options, host, t.TempDir())
		assert.Equal(t, ending{}, ended, host)
	}
}

// TestDtopShowsNoLiveServer: dtop keeps asking for statistics that only diod exports. So it
// counts this server as dead.
func TestDtopShowsNoLiveServer(t *testing.T) {
	var log locked.Buffer
	addr := serveTCP(t, &p9srv.Server{Log: slog.New(slog.NewTextHandler(&log, nil))})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dtop := exec.CommandContext(ctx, program(t, "dtop"), "-h", addr.IP.String(), "-p", strconv.Itoa(addr.Port), "-P", "0.1")
	dtop.Env = append(os.Environ(), "TERM=xterm")
	var screen locked.Buffer
	dtop.Stdout, dtop.Stderr = &screen, &screen
	keys, err := dtop.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, dtop.Start())
	eventually(t, "dtop has connected twice", func() bool { return strings.Count(log.String(), "msg=disconnected") >= 2 })
	_, err = io.WriteString(keys, "q")
	require.NoError(t, err)
	require.NoError(t, dtop.Wait())
	assert.Contains(t, screen.String(), "Live servers: 0/1")
}

// TestClientOfAnotherDialectIsRefusedAndTheLogSaysWhy runs a client of Plan 9's editor acme.
// The client speaks 9P2000 over the socket "acme" in the directory NAMESPACE.
func TestClientOfAnotherDialectIsRefusedAndTheLogSaysWhy(t *testing.T) {
	program(t, "editinacme")
	var log locked.Buffer
	addr := serve(t, &p9srv.Server{Log: slog.New(slog.NewTextHandler(&log, nil))})
	namespace := t.TempDir()
	require.NoError(t, os.Symlink(addr.Name, filepath.Join(namespace, "acme")))
	t.Setenv("NAMESPACE", namespace)
	assert.Equal(t, ending{errors: "editinacme: invalid version unknown in Rversion\n", status: 1}, run(t, "editinacme", "file"))
	assert.Regexp(t, `level=WARN msg="version refused" conn=1 .* asked="\\"9P2000\\"" want=9P2000\.L\n`, log.String())
}
