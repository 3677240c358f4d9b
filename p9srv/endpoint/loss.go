package endpoint

import (
	"errors"
	"net"
	"time"
)

// DefaultKeepAlive is how long a TCP peer may be gone before its connection ends, for
// servers and clients.
const DefaultKeepAlive = 3 * time.Minute

// longestProbe is the longest time between two probes, and before the first, that Linux accepts
// (MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL in include/net/tcp.h).
const longestProbe = 32767 * time.Second

// NoticeLoss makes the kernel end a TCP connection whose peer has vanished, such as a
// machine without power. That takes about d, but at least 4 seconds and at most 36 hours;
// the default for 0 is DefaultKeepAlive.
//
// The kernel probes a peer that is silent. A peer is also lost if it does not acknowledge sent
// data for that long, or reads nothing while data waits to be sent. NoticeLoss does nothing to
// other connections.
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

// IgnoreLoss keeps a TCP connection open although its peer has vanished. It turns off the
// probes that package net turns on by default.
func IgnoreLoss(c net.Conn) error {
	if tcp, ok := c.(*net.TCPConn); ok {
		return tcp.SetKeepAlive(false)
	}
	return nil
}
