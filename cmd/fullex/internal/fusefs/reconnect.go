package fusefs

import (
	"context"
	"time"
)

// How long to wait between attempts to connect: longer each time, up to a second.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
)

// keepConnected connects anew, whenever the connection has ended, until ctx ends.
// Until then calls give EIO. What was open stays with the connection that has
// ended.
func (m *Mount) keepConnected(ctx context.Context) {
	for {
		if err := m.conn.Load().client.AwaitEnd(ctx); err != nil {
			m.log.Error("the mount will not come back", "error", err)
			return
		}
		if ctx.Err() != nil {
			return
		}
		m.log.Warn("the server is gone: open files give EIO, and so does all else until it is back")
		if !m.connectAgain(ctx) {
			return
		}
		m.log.Info("the server is back")
	}
}

// connectAgain tries until it has a connection, and says whether it has.
func (m *Mount) connectAgain(ctx context.Context) bool {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		client, err := m.redial(ctx)
		if err == nil {
			m.conn.Store(newConnection(client))
			return true
		}
		m.log.Debug("connect again", "error", err, "pause", pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}
