package endpoint

import (
	"errors"
	"fmt"
	"math"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// setUserTimeout limits how long sent data may stay unacknowledged (TCP_USER_TIMEOUT,
// tcp(7)). In that time the kernel sends no probes, and it retransmits for about 15 minutes
// by default.
func setUserTimeout(c *net.TCPConn, d time.Duration) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return fmt.Errorf("reach the socket: %w", err)
	}
	milliseconds := int(min(d.Milliseconds(), math.MaxInt32))
	var setErr error
	err = raw.Control(func(fd uintptr) {
		setErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, milliseconds)
	})
	return errors.Join(err, setErr)
}
