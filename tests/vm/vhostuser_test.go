package vm

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestQEMUAsksForFeaturesBeforeItStarts: QEMU asks the program that serves a device for the
// features and waits for the answer. When QEMU is killed, the connection ends.
func TestQEMUAsksForFeaturesBeforeItStarts(t *testing.T) {
	command := NeedNewQEMU(t)
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	refused := make(chan error, 1)
	go func() {
		_, err := start(ctx, command, slices.Concat(emptyMachine(), SharedMemory(), VhostUser9P(socket)))
		refused <- err
		_ = l.Close() // ends Accept if QEMU has not connected
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(<-refused)
	}
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	question := make([]byte, 12)
	_, err = io.ReadFull(conn, question)
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, question, "VHOST_USER_GET_FEATURES, version 1, no payload")
	cancel()
	_, err = conn.Read(question)
	assert.ErrorIs(t, err, io.EOF)
	assert.Error(t, <-refused)
}
