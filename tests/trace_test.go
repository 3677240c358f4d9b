//go:build linux

package tests

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/contract"
	"fullex/p9srv"
	"fullex/tests/vm"
)

// TestLinuxMountsThroughTrace mounts in a guest through the proxy fullex trace. The guest
// replays the module's traces on that mount, and the proxy records them. The record is then
// replayed at the server, and all results must be equal.
func TestLinuxMountsThroughTrace(t *testing.T) {
	for _, version := range []string{"6.1", "7.2"} {
		t.Run(version, func(t *testing.T) { testLinuxThroughTrace(t, vm.Need(t, "kernel-"+version)) })
	}
}

func testLinuxThroughTrace(t *testing.T, kernel vm.Kernel) {
	srv := &p9srv.Server{Kernel: newKernel(), Limits: p9srv.Limits{HandshakeTimeout: bootTime}}
	server := serveTCP(t, srv)
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	config := vm.Config{Kernel: kernel, Modules: guestModules, Files: guestFiles(t), Scenarios: []string{"oracle"}}
	require.NoError(t, config.Build(ctx, dir))
	record := filepath.Join(dir, "record")
	var end func()
	config.Port, end = startTrace(t, config.Fullex, server, record)
	results, console, err := vm.Boot(ctx, config, dir)
	end()
	require.NoError(t, err, console)
	require.Len(t, results, 2, "set-up and one scenario ran")
	reported(t, results)

	f, err := os.Open(record)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	calls, err := contract.ReadTrace(f)
	require.NoError(t, err)
	assert.Greater(t, len(calls), 3000)
	root := attach(t, server, "")
	replayAll(t, map[string]contract.Trace{"record": calls}, func() (io.ReadWriteCloser, error) {
		return openClientFile(root, "full_ex")
	})
}

// startTrace starts fullex trace as a proxy of a server and returns its port. end ends it by a
// signal and expects status 0.
func startTrace(t *testing.T, fullex string, server net.Addr, record string) (port int, end func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), fullex, "trace", "--listen", "tcp:127.0.0.1:0", "--oracle", record, fmt.Sprintf("tcp:%s", server))
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stderr).ReadString('\n')
	require.NoError(t, err)
	_, rest, ok := strings.Cut(line, "listening on tcp:127.0.0.1:")
	require.True(t, ok, line)
	number, _, _ := strings.Cut(rest, " ")
	port, err = strconv.Atoi(number)
	require.NoError(t, err)
	return port, func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "exit status 0")
	}
}
