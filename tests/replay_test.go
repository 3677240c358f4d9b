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

// TestOracleReplay replays traces that were recorded at the kernel module, and compares every
// result. It replays them at both profiles of the model, at the device itself, and through the
// p9 client at a server, over two transports and through two doors.
func TestOracleReplay(t *testing.T) {
	traces := parseTraces(t)
	for _, profile := range []contract.Profile{contract.Fixed, contract.Module} {
		model := contract.Device{Model: contract.Model{Contract: contract.Of(profile)}}
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

// openSession opens the device. If that fails, it returns a nil interface and not an
// interface with a nil session.
func openSession(d *device.Kernel) (io.ReadWriteCloser, error) {
	s, err := d.Open("full_ex", device.Client{User: &device.User{}, Door: "/"})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// clientFile is a file of the p9 client with a position. A read sends one Tread. A read of
// more than longest bytes is shortened to that, as Linux shortens its first Tread.
type clientFile struct {
	file   p9.File
	offset int64
}

// longest is in bytes. The p9 client would split reads that do not fit msize.
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

// errnoOf returns an errno of the p9 client as a syscall.Errno, and any other error as it is.
func errnoOf(err error) error {
	var errno linux.Errno
	if errors.As(err, &errno) {
		return syscall.Errno(errno)
	}
	return err
}
