//go:build linux

package vhostuser_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"fullex/p9srv/vhostuser/vhosttest"
	"fullex/tests/need"
)

// TestFileServerThatHangsDelaysNobody sends a descriptor of a file whose server never answers
// when the file is closed.
func TestFileServerThatHangsDelaysNobody(t *testing.T) {
	e, f := connected(t, vhosttest.Options{})
	file, flushed := hangingFile(t)
	require.NoError(t, f.Send(vhosttest.SetVringKick, vhosttest.Version, vhosttest.U64(0), file))
	await(t, flushed) // every close asks the server, not only the last
	require.NoError(t, f.Close())
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = e.conn.Close()
	}()
	await(t, closed)
}

func await(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(vhosttest.Patience):
		t.Error("hangs")
	}
}

// Opcodes and sizes of Linux's include/uapi/linux/fuse.h.
const (
	fuseOpen      = 14
	fuseFlush     = 25
	fuseInit      = 26
	fuseInterrupt = 36

	fuseInHeader  = 40
	fuseOutHeader = 16
)

// hangingFile mounts a file system that is a single file, and opens it. Its server closes
// flushed at the first FLUSH, and answers nothing after that.
func hangingFile(t *testing.T) (file int, flushed chan struct{}) {
	t.Helper()
	dev, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0) // not an os.File, because it cannot be polled before the mount
	if err != nil || os.Geteuid() != 0 {
		need.Skip(t, "needs root and /dev/fuse")
	}
	at := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(at, nil, 0o600))
	require.NoError(t, unix.Mount("test", at, "fuse.test", 0, fmt.Sprintf("fd=%d,rootmode=100600,user_id=0,group_id=0", dev)))
	flushed = make(chan struct{})
	served := make(chan error, 1)
	go func() { served <- hang(dev, flushed) }()
	t.Cleanup(func() {
		assert.NoError(t, unix.Unmount(at, unix.MNT_FORCE|unix.MNT_DETACH)) // ends all waits for the server
		assert.NoError(t, <-served)
		assert.NoError(t, unix.Close(dev))
	})
	file, err = unix.Open(at, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { go func() { _ = unix.Close(file) }() }) // returns after the unmount
	return file, flushed
}

// hang answers INIT and OPEN, and returns at the first FLUSH.
func hang(dev int, flushed chan struct{}) error {
	order := binary.NativeEndian
	request := make([]byte, 1<<17)
	for {
		if _, err := unix.Read(dev, request); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return err
		}
		body := make([]byte, 16) // struct fuse_open_out
		switch order.Uint32(request[4:]) {
		case fuseInit:
			body = make([]byte, 64) // struct fuse_init_out
			copy(body, request[fuseInHeader:fuseInHeader+8])
		case fuseOpen:
		case fuseInterrupt: // caused by a signal of Go's scheduler
			continue
		case fuseFlush:
			close(flushed)
			return nil
		}
		reply := order.AppendUint32(nil, uint32(fuseOutHeader+len(body)))
		reply = append(order.AppendUint32(reply, 0), request[8:16]...)
		if _, err := unix.Write(dev, append(reply, body...)); err != nil {
			return err
		}
	}
}
