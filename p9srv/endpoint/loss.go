package endpoint

import (
	"errors"
	"net"
	"time"
)

// DefaultKeepAlive is how long a TCP peer may be gone until its connection ends, for
// servers and clients.
const DefaultKeepAlive = 3 * time.Minute

// longestProbe is the most that Linux takes for the time between two probes
// (MAX_TCP_KEEPIDLE in its include/net/tcp.h).
const longestProbe = 32767 * time.Second

// NoticeLoss makes the kernel end a TCP connection whose peer has vanished, as a machine
// that lost its power, after about d, but 36 hours at most; 0 stands for 3 min. A silent peer is probed, and one
// that acknowledges nothing of what is sent ends the connection too. So does one that
// reads nothing for that long while more is to be sent. Other connections
// are left alone.
func NoticeLoss(c net.Conn, d time.Duration) error {
	if d == 0 {
		d = DefaultKeepAlive
	}
	var errs []error
	for _, t := range transports {
		if t.noticeLoss != nil {
			errs = append(errs, t.noticeLoss(c, d))
		}
	}
	return errors.Join(errs...)
}

func noticeTCPLoss(c net.Conn, d time.Duration) error {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	const probes = 3
	part := min(max(d/(probes+1), time.Second), longestProbe)
	config := net.KeepAliveConfig{Enable: true, Idle: part, Interval: part, Count: probes}
	return errors.Join(tcp.SetKeepAliveConfig(config), setUserTimeout(tcp, (probes+1)*part))
}

// IgnoreLoss keeps a TCP connection whose peer has vanished: Go probes all connections
// unless told not to.
func IgnoreLoss(c net.Conn) error {
	if tcp, ok := c.(*net.TCPConn); ok {
		return tcp.SetKeepAlive(false)
	}
	return nil
}
