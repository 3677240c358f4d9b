//go:build linux

package vhostuser

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// freeKicks is how many kicks in a row may come without a request. From a correct driver at
// most one does, when its request was taken before the kick arrived.
const freeKicks = 100

// kickRest is how long kicks are ignored after freeKicks.
const kickRest = 10 * time.Millisecond

func (c *Conn) expiredLocked() bool {
	return !c.deadline.IsZero() && !time.Now().Before(c.deadline)
}

// waitLocked unlocks mu and waits until there may be something to do.
func (c *Conn) waitLocked() {
	if !c.runningLocked() {
		c.waitForChangeLocked(c.deadline)
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

// waitForKickLocked waits for a kick of the guest, or for wakeLocked.
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
	if err == nil {
		c.restLocked()
	}
}

// restLocked counts a kick, and waits if too many have come without a request. An eventfd of
// a hostile front-end can stay readable without further writes. A request that comes
// meanwhile waits for at most kickRest.
func (c *Conn) restLocked() {
	if c.idle < freeKicks {
		c.idle++
		return
	}
	until := time.Now().Add(kickRest)
	if !c.deadline.IsZero() && c.deadline.Before(until) {
		until = c.deadline
	}
	c.waitForChangeLocked(until)
}

// readKick waits in Go's poller and then reads without blocking. The front-end shares the
// flag O_NONBLOCK and may have cleared it, so the read has RWF_NOWAIT (preadv2(2)).
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

// waitForChangeLocked waits for wakeLocked until a time; with the zero value for ever.
func (c *Conn) waitForChangeLocked(until time.Time) {
	var expired <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
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

// wakeLocked wakes a Next that waits.
func (c *Conn) wakeLocked() {
	if !c.waiting {
		return
	}
	select {
	case c.changed <- struct{}{}:
	default: // it is woken already
	}
	if c.kick != nil {
		_ = c.kick.SetReadDeadline(past) // fails on a closed kick, and closing wakes, too
		c.rearm = true
	}
}
