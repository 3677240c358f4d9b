//go:build linux

package vhostuser

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

func (c *Conn) expiredLocked() bool {
	return !c.deadline.IsZero() && !time.Now().Before(c.deadline)
}

// waitLocked lets go of the lock until there may be something to do.
func (c *Conn) waitLocked() {
	if !c.runningLocked() {
		c.waitForChangeLocked()
		return
	}
	come, err := c.queue.arm()
	if err != nil {
		c.breakLocked(err)
		return
	}
	if !come {
		c.waitForKickLocked()
	}
}

// waitForKickLocked waits for the guest, or for wakeLocked.
func (c *Conn) waitForKickLocked() {
	kick := c.kick
	if c.rearm {
		if err := kick.SetReadDeadline(c.deadline); err != nil {
			c.breakLocked(err)
			return
		}
		c.rearm = false
	}
	c.waiting = true
	c.mu.Unlock()
	_, err := kick.Read(c.kicks[:])
	c.mu.Lock()
	c.waiting = false
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, fs.ErrClosed) {
		c.breakLocked(err)
	}
}

// waitForChangeLocked waits for the front-end, as there is no ring to wait for.
func (c *Conn) waitForChangeLocked() {
	var expired <-chan time.Time
	if !c.deadline.IsZero() {
		timer := time.NewTimer(time.Until(c.deadline))
		defer timer.Stop()
		expired = timer.C
	}
	c.waiting = true
	c.mu.Unlock()
	select {
	case <-c.changed:
	case <-expired:
	}
	c.mu.Lock()
	c.waiting = false
}

// wakeLocked has a Next that waits look again.
func (c *Conn) wakeLocked() {
	if !c.waiting {
		return
	}
	select {
	case c.changed <- struct{}{}:
	default: // it is told already
	}
	if c.kick != nil {
		_ = c.kick.SetReadDeadline(past) // fails if closed, which wakes too
		c.rearm = true
	}
}
