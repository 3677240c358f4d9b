//go:build linux

package tests

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv"
	"fullex/tests/programs"
	"fullex/tests/vm"
)

// bootTime limits the life of a guest. A boot takes about 20 s on two cores without hardware
// virtualisation.
const bootTime = 10 * time.Minute

// guestModules are the modules of Linux that a guest needs for all scenarios: mounts over TCP,
// virtio and FUSE, vsock within the guest, and a serial port.
var guestModules = []string{"virtio_pci", "virtio_net", "9pnet_fd", "9p", "vsock_loopback", "9pnet_virtio", "virtio_console", "fuse"}

// TestLinuxMounts mounts the server in guests with Debian's kernels and runs
// every scenario of the guest program there.
func TestLinuxMounts(t *testing.T) {
	for _, version := range []string{"6.1", "6.12", "7.2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel() // each guest needs one processor
			testLinux(t, version)
		})
	}
}

func testLinux(t *testing.T, version string) {
	kernel := vm.Need(t, "kernel-"+version)
	srv := &p9srv.Server{Kernel: newKernel(), Limits: p9srv.Limits{HandshakeTimeout: bootTime}}
	broken := watched(srv)
	addr, serial := serveTCP(t, srv), alsoOnUnix(t, srv)
	dir := t.TempDir()
	shared := filepath.Join(dir, "shared")
	require.NoError(t, os.Mkdir(shared, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(shared, "greeting"), []byte("from the host\n"), 0o644))
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	config := vm.Config{Kernel: kernel, Modules: guestModules, Port: addr.Port, Files: guestFiles(t), Programs: guestPrograms(t), HostDir: shared, Serial: serial}
	require.NoError(t, config.Build(ctx, dir))
	results, console, err := vm.Boot(ctx, config, dir)
	if !assert.NoError(t, err) {
		t.Fatal(console)
	}
	assert.Greater(t, len(results), 10, "scenarios that ran")
	reported(t, results)
	answer, err := os.ReadFile(filepath.Join(shared, "answer"))
	assert.NoError(t, err)
	assert.Equal(t, "from the guest\n", string(answer))
	eventually(t, "the sessions of the guest have ended", func() bool { return srv.Kernel.Sessions() == 0 })
	assert.Contains(t, []string{"", "fids-left"}, broken.list(t), "rules of 9P that the guest broke")
}

// reported makes each scenario a subtest, with its failures.
func reported(t *testing.T, results []vm.Result) {
	t.Helper()
	for _, r := range results {
		t.Run(r.Scenario, func(t *testing.T) {
			for _, failure := range r.Failures {
				t.Error(failure)
			}
		})
	}
}

// alsoOnUnix lets a server that runs also listen on a unix socket, and returns its path.
func alsoOnUnix(t *testing.T, srv *p9srv.Server) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	go func() { _ = srv.Serve(l) }() // ends with the server's Shutdown
	return socket
}

// guestFiles returns the traces, the scripts and their expected output: path in the guest to
// path here.
func guestFiles(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{"recipe.sh": "testdata/recipe.sh"}
	for _, pattern := range []string{"oracle/*.trace", "walkthrough/*"} {
		paths, err := filepath.Glob("testdata/" + pattern)
		require.NoError(t, err)
		for _, path := range paths {
			files[filepath.Join(filepath.Dir(pattern), filepath.Base(path))] = path
		}
	}
	return files
}

// guestPrograms returns the paths of the C programs. Without a compiler it returns none, and
// guests do not run them. Tests of mounts on this machine then report what is missing.
func guestPrograms(t *testing.T) []string {
	t.Helper()
	dir, err := builtPrograms()
	if errors.Is(err, programs.ErrNoCompiler) && os.Getenv("FULLEX_REQUIRE_ALL") != "1" {
		t.Logf("guests run without the C programs: %v", err)
		return nil
	}
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, paths, len(programs.All))
	return paths
}

func TestREADMEContainsTheTestedRecipe(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	recipe, err := os.ReadFile("testdata/recipe.sh")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "\ncd /tmp/dev\n"+string(recipe)+"```\n")
}

func TestRecipeCreatesNothingWhereNoMountIs(t *testing.T) {
	recipe, err := filepath.Abs("testdata/recipe.sh")
	require.NoError(t, err)
	cmd := exec.Command("sh", recipe)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(out), "3: Bad file descriptor")
	found, err := os.ReadDir(cmd.Dir)
	require.NoError(t, err)
	assert.Empty(t, found)
}
