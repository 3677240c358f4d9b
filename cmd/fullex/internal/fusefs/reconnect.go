package fusefs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"fullex/p9srv/deadline"
)

// The pauses between attempts to connect: each is twice the one before, up to a second.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
)

// attachTime is how long a server may take for the first attach.
const attachTime = 10 * time.Second

// keepConnected connects again whenever the connection has ended, until ctx ends. Calls
// give EIO until there is a new connection. Open files stay with the old connection.
func (m *Mount) keepConnected(ctx context.Context) {
	for {
		since := time.Now()
		if err := m.conn.Load().client.AwaitEnd(ctx); err != nil {
			m.log.Warn("watch the server", "error", err)
		}
		if ctx.Err() != nil {
			return
		}
		m.log.Warn("the server is gone: open files give EIO, and so does all else until it is back")
		// A server that comes and goes is not asked all the time.
		if time.Since(since) < lastPause && deadline.Sleep(ctx, lastPause) != nil {
			return
		}
		if !m.connectAgain(ctx) {
			return
		}
		m.log.Info("the server is back")
	}
}

// connectAgain tries until there is a connection. It reports false if ctx ends first.
func (m *Mount) connectAgain(ctx context.Context) bool {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := m.connect(ctx)
		if err == nil {
			return true
		}
		m.log.Debug("connect again", "error", err, "pause", pause)
		if deadline.Sleep(ctx, pause) != nil {
			return false
		}
	}
}

// connect connects once, and attaches: a server closes a connection that does not attach.
func (m *Mount) connect(ctx context.Context) error {
	client, err := m.redial(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, attachTime)
	defer cancel()
	conn := newConnection(client)
	if errno := conn.attach(ctx, uint32(os.Geteuid())); errno != 0 {
		return errors.Join(fmt.Errorf("attach: %w", errno), client.Close())
	}
	m.nodes.reconnected()
	m.conn.Store(conn)
	return nil
}
