package tests

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/device/contract"
	"fullex/p9srv"
)

// TestOracleReplay compares with the kernel module, line by line: the model of the
// contract, the device itself, and the server through the p9 client over each
// transport and door.
func TestOracleReplay(t *testing.T) {
	traces := parseTraces(t)
	for _, profile := range []contract.Profile{contract.Fixed, contract.Module} {
		model := contract.Device{Model: contract.Model{Profile: profile}}
		t.Run("model "+string(profile), func(t *testing.T) { replayAll(t, traces, model.Open) })
	}
	t.Run("device", func(t *testing.T) {
		d := newKernel()
		replayAll(t, traces, func() (io.ReadWriteCloser, error) { return openSession(d) })
	})
	srv := &p9srv.Server{}
	for name, addr := range map[string]net.Addr{"unix": serve(t, srv), "tcp": serveTCPOf(t, srv)} {
		root := attach(t, addr, "")
		for _, path := range []string{"full_ex", "pid/4711/full_ex"} {
			t.Run(name+"/"+path, func(t *testing.T) {
				replayAll(t, traces, func() (io.ReadWriteCloser, error) {
					return openClientFile(root, path)
				})
			})
		}
	}
}

func replayAll(t *testing.T, traces map[string]contract.Trace, open func() (io.ReadWriteCloser, error)) {
	for name, calls := range traces {
		for _, difference := range calls.Replay(open) {
			t.Errorf("%s: %s", name, difference)
		}
	}
}

func parseTraces(t *testing.T) map[string]contract.Trace {
	t.Helper()
	paths, err := filepath.Glob("testdata/oracle/full_ex-*.trace")
	require.NoError(t, err)
	require.Len(t, paths, 8)
	traces := make(map[string]contract.Trace)
	for _, path := range paths {
		f, err := os.Open(path)
		require.NoError(t, err)
		calls, err := contract.ReadTrace(f)
		require.NoError(t, err, path)
		require.NoError(t, f.Close())
		assert.Greater(t, len(calls), 400, path)
		traces[filepath.Base(path)] = calls
	}
	return traces
}

// openSession keeps nil out of the interface.
func openSession(d *device.Kernel) (io.ReadWriteCloser, error) {
	s, err := d.Open("full_ex", device.Client{User: &device.User{}, Door: "/"})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// clientFile is a file of the p9 client with its position. The client sends
// one Tread for up to msize less a head; a longer read is cut to that, as the
// first message of a kernel's would be.
type clientFile struct {
	file   p9.File
	offset int64
}

// longest is below the client's own limit, above which it sends several.
const longest = 32 << 10

func openClientFile(root p9.File, path string) (io.ReadWriteCloser, error) {
	file, err := openFile(root, path)
	if err != nil {
		return nil, errnoOf(err)
	}
	return &clientFile{file: file}, nil
}

func (c *clientFile) Read(p []byte) (int, error) {
	n, err := c.file.ReadAt(p[:min(len(p), longest)], c.offset)
	c.offset += int64(n)
	return n, errnoOf(err)
}

func (c *clientFile) Write(p []byte) (int, error) {
	n, err := c.file.WriteAt(p, c.offset)
	c.offset += int64(n)
	return n, errnoOf(err)
}

func (c *clientFile) Close() error { return errnoOf(c.file.Close()) }

// errnoOf makes the client's errno the system's.
func errnoOf(err error) error {
	var errno linux.Errno
	if errors.As(err, &errno) {
		return syscall.Errno(errno)
	}
	return err
}
