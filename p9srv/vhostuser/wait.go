//go:build linux

package vhostuser

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
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
	err := c.readKick(kick)
	c.mu.Lock()
	c.waiting = false
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && c.kick == kick {
		c.breakLocked(err)
	}
}

// readKick waits in the poller and reads without waiting, whatever the front-end
// has done to O_NONBLOCK, which it shares (RWF_NOWAIT: preadv2(2)).
func (c *Conn) readKick(kick *os.File) error {
	raw, err := kick.SyscallConn()
	if err != nil {
		return err
	}
	var readErr error
	err = raw.Read(func(fd uintptr) bool {
		c.kickInto[0] = c.kicks[:]
		_, readErr = unix.Preadv2(int(fd), c.kickInto[:], -1, unix.RWF_NOWAIT)
		return !errors.Is(readErr, unix.EAGAIN)
	})
	return errors.Join(err, readErr)
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
