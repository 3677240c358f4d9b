//go:build linux

package vhostuser

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// freeKicks may come one after the other without a request. A driver's kick
// comes without one only if the request was taken before it: once.
const freeKicks = 100

// kickRest is how long kicks are not looked at after freeKicks.
const kickRest = 10 * time.Millisecond

func (c *Conn) expiredLocked() bool {
	return !c.deadline.IsZero() && !time.Now().Before(c.deadline)
}

// waitLocked lets go of the lock until there may be something to do.
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
	if err == nil {
		c.restLocked()
	}
}

// restLocked counts a kick, and waits if there are too many without a request:
// what a front-end has once made readable can stay so without its doing
// anything more. A request that comes meanwhile waits for kickRest at most.
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

// waitForChangeLocked waits for the front-end until a time; the zero value: for
// ever.
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
