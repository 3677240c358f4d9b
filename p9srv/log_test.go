package p9srv

import (
	"context"
	"io"
	"log/slog"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/wire"
)

// stuck is a log in which one line blocks. It closes inHand when the line with that text
// arrives, and then waits until end is closed.
type stuck struct {
	slog.Handler
	message     string
	inHand, end chan struct{}
}

func (s stuck) Handle(_ context.Context, r slog.Record) error {
	if r.Message == s.message {
		close(s.inHand)
		<-s.end
	}
	return nil
}

func (s stuck) Enabled(context.Context, slog.Level) bool { return true }
func (s stuck) WithAttrs([]slog.Attr) slog.Handler       { return s }

// TestLogIsWrittenWithoutTheServersLock blocks the log in the line about one connection too
// many. Meanwhile another connection must be able to end.
func TestLogIsWrittenWithoutTheServersLock(t *testing.T) {
	log := stuck{slog.DiscardHandler, "too many connections", make(chan struct{}), make(chan struct{})}
	s := &Server{Limits: Limits{Conns: 1}, Log: slog.New(log)}
	here, there := net.Pipe()
	first := make(chan error, 1)
	go func() { first <- s.ServeConn(there) }()
	_, err := here.Write(frame(wire.Tversion, wire.NoTag, uint32(8192), wire.Version9P2000L))
	require.NoError(t, err)
	_, err = io.ReadFull(here, make([]byte, 21))
	require.NoError(t, err)

	tooMany := make(chan error, 1)
	other, refused := net.Pipe()
	go func() { tooMany <- s.ServeConn(refused) }()
	<-log.inHand
	require.NoError(t, here.Close())
	select {
	case err := <-first:
		assert.NoError(t, err)
	case <-time.After(10 * time.Second):
		assert.Fail(t, "the first connection does not end")
	}
	assert.NoError(t, s.Close())
	close(log.end)
	assert.ErrorIs(t, <-tooMany, syscall.ENFILE)
	require.NoError(t, other.Close())
}
